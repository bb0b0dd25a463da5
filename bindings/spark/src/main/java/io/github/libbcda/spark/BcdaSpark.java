package io.github.libbcda.spark;

import java.io.IOException;
import java.util.Map;

/** What a batch read cannot do by itself. */
public final class BcdaSpark {
  private BcdaSpark() {}

  /**
   * Moves the mark of {@code since=mark} to the time of the earliest planning since the last commit. Call it when what
   * was read is safely written, because Spark does not tell a batch source. The next read of the same table, view or
   * {@code raw} then gets what has changed since.
   *
   * <pre>{@code
   * Map<String, String> options = Map.of("table", "claim_line", "since", "mark", "stateLocation", "/state", ...);
   * spark.read().format("bcda").options(options).load().write().mode("append").parquet("lines");
   * BcdaSpark.commit(options);
   * }</pre>
   *
   * @param options those of the read
   * @throws BcdaSparkException nothing was planned since the last commit, the options have no {@code since=mark}, or
   *     {@code stateLocation} cannot be used
   */
  public static void commit(Map<String, String> options) {
    Failures.told(
        () -> {
          commitChecked(Options.of(options));
          return null;
        });
  }

  private static void commitChecked(Options options) {
    if (!options.isSinceMark()) {
      throw Failures.invalid("commit needs the options of a read with since=mark");
    }
    try {
      Mark.of(options).commit();
    } catch (IOException error) {
      throw StateLocation.failure(error);
    }
  }
}
