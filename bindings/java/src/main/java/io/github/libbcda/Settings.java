package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * The base of all builders: named settings from the library's table. {@link ExportSettings}, {@link ClientSettings},
 * {@link TableSettings} and {@link PartitionSettings} have one method for each setting. These methods are generated
 * from the table, which {@link Bcda#settings()} returns. If two settings are for the same value ({@code private_key}
 * and {@code private_key_pem}), the one that was set last counts.
 *
 * <p>Values are checked when they are used: by {@code build()} of a client or decryptor, when a run starts, and when a
 * table is opened.
 *
 * @param <B> the builder itself
 */
public abstract sealed class Settings<B extends Settings<B>> permits ExportSettings, TableSettings, PartitionSettings {
  private final Map<String, Values.Value> values = new LinkedHashMap<>();
  private final List<LongConsumer> sources = new ArrayList<>();

  Settings() {}

  /**
   * Sets a setting by name.
   *
   * @param name the name, for example {@code "client_id"}
   * @param value text as in the command's flags, for example {@code "30s"}, {@code "64KiB"} or
   *     {@code "Patient,Coverage"}. A list may also be a JSON array of texts. Null restores the default
   * @return this
   */
  public B set(String name, String value) {
    values.remove(Objects.requireNonNull(name, "name")); // so that the setting that was set last is at the end
    if (value != null) {
      values.put(name, new Values.Value(value, null, null));
    }
    return self();
  }

  /**
   * Sets a supplier for a value, usually a secret. The builder does not store the value. The supplier is called by each
   * {@code build()} of a client, by each run for its request, by each decryption, and whenever a table is opened or
   * read. A client keeps the value until it is closed; after a rotation of the secret, build a new client.
   *
   * @param name the name, for example {@code "client_secret"}
   * @param value called on the thread that builds a client, starts a run or starts a decryption. For a setting that is
   *     not secret it is also called when a builder is asked for the value. Its exception is passed to the caller. At
   *     most 64 KiB
   * @return this
   */
  public B supply(String name, Supplier<String> value) {
    values.remove(Objects.requireNonNull(name, "name"));
    values.put(name, new Values.Value(null, null, Objects.requireNonNull(value, "value")));
    return self();
  }

  final B put(String name, Path value) {
    return set(name, value == null ? null : LocalPath.text(value));
  }

  final B put(String name, Duration value) {
    return set(name, value == null ? null : milliseconds(name, value) + "ms");
  }

  final B put(String name, Instant value) {
    return set(name, value == null ? null : value.toString());
  }

  final B put(String name, OffsetDateTime value) {
    return put(name, value == null ? null : value.toInstant());
  }

  final B put(String name, Enum<?> value) {
    return set(name, value == null ? null : value.toString());
  }

  final B put(String name, String[] value) {
    set(name, (String) null);
    if (value != null) {
      for (String each : value) {
        Objects.requireNonNull(each, name);
      }
      values.put(name, new Values.Value(null, List.of(value), null));
    }
    return self();
  }

  /** Milliseconds, rounded up, because 0 would mean that there is no limit. */
  private static long milliseconds(String name, Duration value) {
    if (value.isNegative()) {
      throw BcdaException.invalid(name + ": " + value + " is less than nothing");
    }
    try {
      return value.plusNanos(999_999).toMillis();
    } catch (ArithmeticException overflow) {
      throw BcdaException.invalid(name + ": " + value + " is too long");
    }
  }

  /** Adds a source of settings. It sets only settings of a native configuration that are not set yet. */
  final B source(LongConsumer source) {
    sources.add(source);
    return self();
  }

  final Values values() {
    return new Values(values, sources);
  }

  abstract B self();
}
