package io.github.libbcda;

import java.util.Locale;

/**
 * One step of a run. Which components mean something depends on the kind; the others are "" or -1. No secret and no
 * beneficiary is in it.
 *
 * @param kind what happened
 * @param text {@link Kind#STATE}: the state; {@link Kind#POLL}: the service's X-Progress; {@link Kind#RETRY}: why;
 *     {@link Kind#WARNING}: the warning; {@link Kind#FINISHED}: the error's message or ""
 * @param type resource type, such as {@code "Patient"}
 * @param file path of a file that was verified and published; only its name when it went to a sink
 * @param url a job's status URL
 * @param status {@link Status#OK} unless the event is about a failure
 * @param percent of a job, 0 to 100
 * @param bytesDone bytes so far
 * @param bytesTotal bytes of the files whose size is known by now
 * @param filesDone files so far
 * @param filesTotal files of a job, or of all that are done
 * @param waitMillis milliseconds until the next try
 * @param json all of it as one line of JSON
 */
public record ExportEvent(
    Kind kind,
    String text,
    String type,
    String file,
    String url,
    Status status,
    double percent,
    long bytesDone,
    long bytesTotal,
    long filesDone,
    long filesTotal,
    long waitMillis,
    String json) {

  /** Kinds of events. */
  public enum Kind {
    /** {@code authenticating}, {@code kick-off}, {@code waiting}, {@code downloading} or {@code finished} begins. */
    STATE,
    /** A job was accepted. */
    JOB,
    /** The service answered how far a job is. */
    POLL,
    /** A job is done and has listed its files. */
    MANIFEST,
    /** Bytes and files so far; when the listener is slow, only the newest is given. */
    PROGRESS,
    /** A file was verified and published. */
    FILE,
    /** A request failed and is tried again. */
    RETRY,
    /** Something to know about. */
    WARNING,
    /** The last event. */
    FINISHED
  }

  static ExportEvent of(long event) {
    return new ExportEvent(
        Kind.valueOf(Native.event_kind(event).toUpperCase(Locale.ROOT)),
        Native.event_text(event),
        Native.event_type(event),
        Native.event_file(event),
        Native.event_url(event),
        Status.of(Native.event_status(event)),
        Native.event_percent(event),
        Native.event_bytes_done(event),
        Native.event_bytes_total(event),
        Native.event_files_done(event),
        Native.event_files_total(event),
        Native.event_wait_ms(event),
        Native.event_json(event));
  }

  /** The event as a short line for people; {@link #json()} has all of it. */
  @Override
  public String toString() {
    return switch (kind) {
      case STATE, WARNING -> kind + " " + text;
      case JOB -> kind + " " + type;
      case POLL -> kind + " " + type + ": " + text;
      case MANIFEST -> kind + " " + type + ": " + filesTotal + " files";
      case PROGRESS -> kind + " " + filesDone + " of " + filesTotal + " files, " + bytesDone + " bytes";
      case FILE -> kind + " " + type + " " + file;
      case RETRY -> kind + " in " + waitMillis + " ms: " + text;
      case FINISHED -> kind + " " + status + (text.isEmpty() ? "" : ": " + text);
    };
  }
}
