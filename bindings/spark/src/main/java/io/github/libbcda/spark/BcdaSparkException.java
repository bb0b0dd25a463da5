package io.github.libbcda.spark;

import io.github.libbcda.Status;

/**
 * A failure of the data source. Its message begins with the name of the status, such as {@code DECRYPTION}, and names
 * the file and the partition if there are any. It never has a value of a record. It has no cause, because Spark would
 * show it, too.
 */
@SuppressWarnings("serial") // the serialized form is not stable
public final class BcdaSparkException extends RuntimeException {
  /** The only field. */
  private final Status status;

  BcdaSparkException(Status status, String message) {
    super(status + ": " + message);
    this.status = status;
  }

  /**
   * What kind of failure it is.
   *
   * @return never OK, AGAIN or END
   */
  public Status status() {
    return status;
  }
}
