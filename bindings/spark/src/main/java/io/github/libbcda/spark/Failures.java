package io.github.libbcda.spark;

import io.github.libbcda.BcdaException;
import io.github.libbcda.Status;
import java.util.function.Supplier;

/** Failures in the words that Spark shows: it passes on the text of an exception, and often not its class. */
final class Failures {
  private Failures() {}

  static BcdaSparkException invalid(String message) {
    return new BcdaSparkException(Status.INVALID_ARGUMENT, message);
  }

  /** Does {@code work}, whose failures get the name of their status. */
  static <T> T told(Supplier<T> work) {
    try {
      return work.get();
    } catch (BcdaException failure) {
      throw of(failure, "");
    }
  }

  /** {@code where} follows the message. */
  static BcdaSparkException of(BcdaException failure, String where) {
    return new BcdaSparkException(failure.code(), failure.getMessage() + where);
  }
}
