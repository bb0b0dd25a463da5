package io.github.libbcda;

import java.util.Locale;

/**
 * One step of a run. The kind determines which components have a value; the others are "" or -1. An event contains no
 * secret and names no beneficiary.
 *
 * @param kind what happened
 * @param text {@link Kind#STATE}: the state; {@link Kind#POLL}: the service's X-Progress; {@link Kind#RETRY}: the
 *     reason; {@link Kind#WARNING}: the warning; {@link Kind#FINISHED}: the message of the error or ""
 * @param type a resource type, for example {@code "Patient"}
 * @param file the path of a file that was verified and published; only its name if it went to a sink
 * @param url the status URL of a job
 * @param status {@link Status#OK} unless the event is about a failure
 * @param percent the progress of a job, 0 to 100
 * @param bytesDone the bytes downloaded so far
 * @param bytesTotal the bytes of all files; -1 until each of their sizes is known
 * @param filesDone the files completed so far
 * @param filesTotal the files of a job, or of all finished jobs
 * @param waitMillis the milliseconds until the next try
 * @param json the whole event as one line of JSON
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
    /**
     * A new state: {@code authenticating}, {@code kick-off}, {@code waiting}, {@code downloading} or {@code finished}.
     */
    STATE,
    /** A job was accepted. */
    JOB,
    /** The service reported the progress of a job. */
    POLL,
    /** A job finished, and its manifest lists its files. */
    MANIFEST,
    /** The bytes and files so far. A slow listener receives only the newest of these events. */
    PROGRESS,
    /** A file was verified and published. */
    FILE,
    /** A request failed and will be repeated. */
    RETRY,
    /** A problem that does not stop the run. */
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

  /** The event as a short line of text; {@link #json()} has the whole event. */
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
