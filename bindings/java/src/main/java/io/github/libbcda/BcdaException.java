package io.github.libbcda;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The base class of all exceptions of this library. There is one subclass for each {@link Status} that means a failure.
 *
 * <p>{@link #getMessage()} names what failed and the remedy. It never contains a secret or what the service said about
 * a beneficiary. Only {@link #outcome()} contains what the service said.
 *
 * <p>The exceptions are unchecked, because the same failures come out of futures, streams and listeners, which cannot
 * declare checked exceptions. Most callers can only log a failure and try again later ({@link #retriable()}). The one
 * exception that every caller must handle is checked: {@link InterruptedException}.
 *
 * <pre>{@code
 * try {
 *   client.export(request);
 * } catch (BcdaException.Authentication refused) {
 *   page("the credentials are refused");
 * } catch (BcdaException failure) {
 *   log.warn("{}: {}", failure.code(), failure.getMessage());
 * }
 * }</pre>
 */
@SuppressWarnings("serial") // the serialized form is not stable
public abstract sealed class BcdaException extends RuntimeException {
  /** All fields that are serialized. */
  private final Failure failure;

  private transient String outcome = ""; // not serialized, because it may name beneficiaries
  private transient ExportResult verified;

  /**
   * The description of a failure.
   *
   * @param status never OK, AGAIN or END
   * @param message names what failed and the remedy
   * @param httpStatus 0: no HTTP answer was involved
   * @param file "" if the failure is not about a file
   * @param retriable whether the same call may succeed later
   * @param retryAfterMillis -1: the service did not request a delay
   */
  record Failure(
      Status status, String message, int httpStatus, String file, boolean retriable, long retryAfterMillis)
      implements java.io.Serializable {}

  private BcdaException(Failure failure) {
    super(failure.message);
    this.failure = failure;
  }

  /** The exception for a status. The native library calls this on the thread that made the native call. */
  static BcdaException make(
      int status, byte[] message, int httpStatus, byte[] outcome, byte[] file, boolean retriable, long retryAfterMillis) {
    BcdaException made =
        of(
            new Failure(
                Status.of(status), Utf8.decode(message), httpStatus, Utf8.decode(file), retriable, retryAfterMillis));
    made.outcome = Utf8.decode(outcome);
    return made;
  }

  /** The exception for a failure that the Java code found. */
  static BcdaException of(Status status, String message, String file) {
    return of(new Failure(status, message, 0, file, false, -1));
  }

  /** The exception for an argument that the Java code refuses. */
  static BcdaException invalid(String message) {
    return of(Status.INVALID_ARGUMENT, message, "");
  }

  private static BcdaException of(Failure failure) {
    return switch (failure.status) {
      case INTERNAL -> new Internal(failure);
      case INVALID_ARGUMENT -> new InvalidArgument(failure);
      case PRIVATE_KEY -> new PrivateKey(failure);
      case AUTHENTICATION -> new Authentication(failure);
      case REFUSED -> new Refused(failure);
      case JOB_FAILED -> new JobFailed(failure);
      case JOB_GONE -> new JobGone(failure);
      case PROTOCOL -> new Protocol(failure);
      case LIMIT -> new Limit(failure);
      case NETWORK -> new Network(failure);
      case TLS -> new Tls(failure);
      case TIMEOUT -> new Timeout(failure);
      case DECRYPTION -> new Decryption(failure);
      case VERIFICATION -> new Verification(failure);
      case FILESYSTEM -> new Filesystem(failure);
      case SINK -> new Sink(failure);
      case CANCELED -> new Canceled(failure);
      case STATE -> new State(failure);
      case NO_MEMORY -> new NoMemory(failure);
      case RECORD -> new Record(failure);
      case OK, AGAIN, END -> throw new IllegalArgumentException(failure.status + " is no failure");
    };
  }

  /**
   * A copy to be thrown on another thread. The stack trace of the copy also shows this exception: as its cause, or as
   * suppressed if this exception has a cause.
   */
  final BcdaException again() {
    BcdaException made = of(failure);
    made.outcome = outcome;
    made.verified = verified;
    if (getCause() == null) {
      made.initCause(this);
    } else {
      made.initCause(getCause());
      made.addSuppressed(this);
    }
    return made;
  }

  final void verified(ExportResult result) {
    verified = result;
  }

  /**
   * The status code of this exception.
   *
   * @return never OK, AGAIN or END
   */
  public Status code() {
    return failure.status;
  }

  /**
   * The HTTP status of the answer that caused the failure.
   *
   * @return empty if no answer was involved
   */
  public OptionalInt httpStatus() {
    return failure.httpStatus == 0 ? OptionalInt.empty() : OptionalInt.of(failure.httpStatus);
  }

  /**
   * The service's own words: the text of its OperationOutcome. <b>It may name beneficiaries</b>, so keep it out of
   * logs.
   *
   * @return "" if the service sent no such text. Also "" after deserialization, because the text is not serialized
   */
  public String outcome() {
    return outcome == null ? "" : outcome;
  }

  /**
   * The local path or the server's file name that the failure is about.
   *
   * @return empty if the failure is not about a file
   */
  public Optional<String> file() {
    return failure.file.isEmpty() ? Optional.empty() : Optional.of(failure.file);
  }

  /**
   * Whether the same call may succeed later.
   *
   * @return false if a retry will not help
   */
  public boolean retriable() {
    return failure.retriable;
  }

  /**
   * The delay that the service requested before a retry.
   *
   * @return empty if the service did not request a delay
   */
  public Optional<Duration> retryAfter() {
    return failure.retryAfterMillis < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(failure.retryAfterMillis));
  }

  /**
   * The files that the run verified before it failed.
   *
   * @return empty if the failure did not happen in a run
   */
  public Optional<ExportResult> verified() {
    return Optional.ofNullable(verified);
  }

  /** A fault inside the library. */
  public static final class Internal extends BcdaException {
    Internal(Failure failure) {
      super(failure);
    }
  }

  /** An argument or a setting is missing or malformed. */
  public static final class InvalidArgument extends BcdaException {
    InvalidArgument(Failure failure) {
      super(failure);
    }
  }

  /** The private key could not be loaded. */
  public static final class PrivateKey extends BcdaException {
    PrivateKey(Failure failure) {
      super(failure);
    }
  }

  /** The service refused the credentials. */
  public static final class Authentication extends BcdaException {
    Authentication(Failure failure) {
      super(failure);
    }
  }

  /** The service refused a request. */
  public static final class Refused extends BcdaException {
    Refused(Failure failure) {
      super(failure);
    }
  }

  /** The service reports that the export job failed. */
  public static final class JobFailed extends BcdaException {
    JobFailed(Failure failure) {
      super(failure);
    }
  }

  /** The export job expired or is unknown to the service. */
  public static final class JobGone extends BcdaException {
    JobGone(Failure failure) {
      super(failure);
    }
  }

  /** The service's answer is not what the protocol allows. */
  public static final class Protocol extends BcdaException {
    Protocol(Failure failure) {
      super(failure);
    }
  }

  /** A limit set to protect the client was reached. */
  public static final class Limit extends BcdaException {
    Limit(Failure failure) {
      super(failure);
    }
  }

  /** The service could not be reached, or the connection broke. */
  public static final class Network extends BcdaException {
    Network(Failure failure) {
      super(failure);
    }
  }

  /** The service's certificate or the TLS handshake was refused. */
  public static final class Tls extends BcdaException {
    Tls(Failure failure) {
      super(failure);
    }
  }

  /** A deadline passed. */
  public static final class Timeout extends BcdaException {
    Timeout(Failure failure) {
      super(failure);
    }
  }

  /** A file or its wrapped key could not be decrypted. */
  public static final class Decryption extends BcdaException {
    Decryption(Failure failure) {
      super(failure);
    }
  }

  /** A file is not whole, or not what the manifest promised. */
  public static final class Verification extends BcdaException {
    Verification(Failure failure) {
      super(failure);
    }
  }

  /** A local file or directory could not be read or written. */
  public static final class Filesystem extends BcdaException {
    Filesystem(Failure failure) {
      super(failure);
    }
  }

  /** An {@link ExportSink} failed. The cause is the exception that it threw. */
  public static final class Sink extends BcdaException {
    Sink(Failure failure) {
      super(failure);
    }
  }

  /** The library canceled the run. A future that was canceled throws a CancellationException instead. */
  public static final class Canceled extends BcdaException {
    Canceled(Failure failure) {
      super(failure);
    }
  }

  /** The call does not fit the object's state, for example after a fork. */
  public static final class State extends BcdaException {
    State(Failure failure) {
      super(failure);
    }
  }

  /** Out of memory. */
  public static final class NoMemory extends BcdaException {
    NoMemory(Failure failure) {
      super(failure);
    }
  }

  /** A record is malformed, or does not fit the view of a table. The message names the file and the line, never a value. */
  public static final class Record extends BcdaException {
    Record(Failure failure) {
      super(failure);
    }
  }
}
