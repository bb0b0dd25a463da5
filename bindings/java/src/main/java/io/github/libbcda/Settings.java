package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * Named settings, as they are in the library's one table: what all builders have in common. {@link ExportSettings} and
 * {@link ClientSettings} have a method for each; these are made from the table, and {@link Bcda#settings()} is the table.
 * Where two say the same thing ({@code private_key} and {@code private_key_pem}), the one set last counts.
 *
 * <p>Values are checked when they are used: by {@code build()} of a client or decryptor, and when a run starts.
 *
 * @param <B> the builder itself
 */
public abstract sealed class Settings<B extends Settings<B>> permits ExportSettings {
  private final Map<String, Values.Value> values = new LinkedHashMap<>();
  private final List<LongConsumer> sources = new ArrayList<>();

  Settings() {}

  /**
   * Sets by name.
   *
   * @param name such as {@code "client_id"}
   * @param value text as in the command's flags, such as {@code "30s"}, {@code "64KiB"} or {@code "Patient,Coverage"}; a list
   *     may be a JSON array of texts, too; null restores the default
   * @return this
   */
  public B set(String name, String value) {
    values.remove(Objects.requireNonNull(name, "name")); // what is set last comes last
    if (value != null) {
      values.put(name, new Values.Value(value, null, null));
    }
    return self();
  }

  /**
   * Has a value, a secret mostly, asked for when it is needed, instead of kept here: by each {@code build()} of a client,
   * which keeps it until it is closed (after a rotation, build a new one), by each run for its request, and by each decryption.
   *
   * @param name such as {@code "client_secret"}
   * @param value called on the thread that builds a client, starts a run or a decryption, or asks a builder for this setting
   *     when it is no secret; what it throws goes on to the caller. At most 64 KiB
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

  final B put(String name, Enum<?> value) {
    return set(name, value == null ? null : value.name().toLowerCase(Locale.ROOT));
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

  /** Rounded up: a short time is not the 0 that means no limit. */
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

  /** Has {@code source} add to a native configuration what nobody said before. */
  final B source(LongConsumer source) {
    sources.add(source);
    return self();
  }

  final Values values() {
    return new Values(values, sources);
  }

  abstract B self();
}
