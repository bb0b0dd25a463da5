package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;

// Generated from the library's table by ./dev docs.

/**
 * The settings of cutting and of opening partitions. Null means the default. The settings of exports and of tables
 * count too: give them by name, with {@link #set}. Without a client those of a client count too.
 *
 * <pre>{@code
 * new PartitionSettings().partitionKeyFile(Path.of("/run/secrets/partition_key")).set("final_only", "true")
 * }</pre>
 *
 * <p>The values are taken when they are used. Later changes do not affect what was opened. For one thread at a time.
 */
public final class PartitionSettings extends Settings<PartitionSettings> {
  /** Creates settings that have their defaults. */
  public PartitionSettings() {}

  /**
   * Takes settings from the environment ({@code BCDA_PARTITION_KEY}, {@code BCDA_URL}, ...) unless they are given
   * here.
   *
   * @return this
   */
  public PartitionSettings environment() {
    return source(Native::config_load_env);
  }

  /**
   * Key that seals partition tokens: 32 bytes in hex or Base64, as `openssl rand -hex 32` makes them.
   *
   * @param value text
   * @return this
   */
  public PartitionSettings partitionKey(String value) {
    return set("partition_key", value);
  }

  /**
   * File that holds the partition key.
   *
   * @param value a path
   * @return this
   */
  public PartitionSettings partitionKeyFile(Path value) {
    return put("partition_key_file", value);
  }

  /**
   * Into how many partitions a manifest or an export is cut if the caller gives no number; each one downloads one file at a time.
   *
   * @param value how many (default {@code 32})
   * @return this
   */
  public PartitionSettings maxPartitions(int value) {
    return set("max_partitions", Integer.toString(value));
  }

  /**
   * How long a partition token can be opened; by default 24h for a manifest, and without limit for a finished export; 0: no limit.
   *
   * @param value to the millisecond, rounded up
   * @return this
   */
  public PartitionSettings partitionLifetime(Duration value) {
    return put("partition_lifetime", value);
  }

  /** Rows of a partition's file come once the whole file was verified (before), or at once (stream): then an error at its end means that its rows must be discarded. */
  public enum Verify {
    /** {@code before} */
    BEFORE("before"),
    /** {@code stream} */
    STREAM("stream");

    private final String value;

    Verify(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * Rows of a partition's file come once the whole file was verified (before), or at once (stream): then an error at its end means that its rows must be discarded.
   *
   * @param value one of them (default {@code before})
   * @return this
   */
  public PartitionSettings verify(Verify value) {
    return put("verify", value);
  }

  /**
   * Directory for the temporary file, without a name and encrypted, in which a partition keeps a file until it is verified; by default TMPDIR.
   *
   * @param value a path
   * @return this
   */
  public PartitionSettings spoolDirectory(Path value) {
    return put("spool_directory", value);
  }

  @Override
  PartitionSettings self() {
    return this;
  }
}
