package io.github.libbcda;

// Generated from the library's table by ./dev docs.

/**
 * Status codes of the library. Each has a {@link BcdaException}, except {@link #OK}, {@link #AGAIN} and {@link #END}.
 */
public enum Status {
  /** Done. */
  OK(0, 0),
  /** A fault inside the library. */
  INTERNAL(1, 1),
  /** An argument or a setting is missing or malformed. */
  INVALID_ARGUMENT(2, 2),
  /** The private key could not be loaded. */
  PRIVATE_KEY(3, 2),
  /** The service refused the credentials. */
  AUTHENTICATION(4, 3),
  /** The service refused a request. */
  REFUSED(5, 4),
  /** The service reports that the export job failed. */
  JOB_FAILED(6, 4),
  /** The export job expired or is unknown to the service. */
  JOB_GONE(7, 4),
  /** The service's answer is not what the protocol allows. */
  PROTOCOL(8, 4),
  /** A limit set to protect the client was reached. */
  LIMIT(9, 4),
  /** The service could not be reached or the connection broke. */
  NETWORK(10, 1),
  /** The service's certificate or the TLS handshake was refused. */
  TLS(11, 1),
  /** A deadline passed. */
  TIMEOUT(12, 1),
  /** A file or its wrapped key could not be decrypted. */
  DECRYPTION(13, 5),
  /** A file is not whole or not what the manifest promised. */
  VERIFICATION(14, 5),
  /** A local file or directory could not be read or written. */
  FILESYSTEM(15, 1),
  /** The caller's sink reported a failure. */
  SINK(16, 1),
  /** Canceled by the caller. */
  CANCELED(17, 130),
  /** Nothing yet: the time given to wait has passed. */
  AGAIN(18, 1),
  /** Nothing more: the sequence is finished. */
  END(19, 1),
  /** The call does not fit the object's state. */
  STATE(20, 1),
  /** Out of memory. */
  NO_MEMORY(21, 1),
  /** A record is malformed or does not fit the view of a table. */
  RECORD(22, 5);

  private final int number;
  private final int exitCode;

  Status(int number, int exitCode) {
    this.number = number;
    this.exitCode = exitCode;
  }

  /**
   * The number of the code, which never changes.
   *
   * @return as in {@code bcda.h}
   */
  public int number() {
    return number;
  }

  /**
   * The exit code of the {@code bcda} command for this status.
   *
   * @return 0 to 5, or 130
   */
  public int exitCode() {
    return exitCode;
  }

  /**
   * The meaning of the status.
   *
   * @return one line of English
   */
  public String description() {
    return Native.status_description(number);
  }

  static Status of(int number) {
    for (Status status : values()) {
      if (status.number == number) {
        return status;
      }
    }
    return INTERNAL;
  }
}
