package io.github.libbcda;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The values of a builder, in the order in which they were set. Immutable. Native configurations are made from them
 * when needed.
 */
final class Values {
  /** Exactly one of the three is not null: a text, the items of a list, or a supplier. */
  record Value(String given, List<String> items, Supplier<String> supplied) {}

  private final Map<String, Value> all;
  private final List<LongConsumer> sources;

  Values(Map<String, Value> all, List<LongConsumer> sources) {
    this.all = new LinkedHashMap<>(all);
    this.sources = List.copyOf(sources);
  }

  /** The same values with {@code value} for the setting {@code name}, unless it was set. */
  Values or(String name, String value) {
    return all.containsKey(name) ? this : with(name, value);
  }

  /** The same values with {@code value} for the setting {@code name}. */
  Values with(String name, String value) {
    Map<String, Value> changed = new LinkedHashMap<>(all);
    changed.put(name, new Value(value, null, null));
    return new Values(changed, sources);
  }

  /** A configuration for a client, a run or a table. Suppliers are called. */
  NativeHandle config() {
    return make(name -> true);
  }

  /**
   * A configuration for checks. Only the supplier of {@code seen} is called, and only if that setting is not a secret.
   */
  NativeHandle config(String seen) {
    return make(name -> name.equals(seen) && !Setting.find(name).map(Setting::secret).orElse(false));
  }

  private NativeHandle make(Predicate<String> asked) {
    NativeHandle config = new NativeHandle("configuration", Native.config_create(), Native::config_destroy);
    try {
      all.forEach((name, value) -> config.run(at -> set(at, name, value, asked)));
      sources.forEach(config::run);
      return config;
    } catch (Throwable error) {
      config.close();
      throw error;
    }
  }

  private static void set(long config, String name, Value value, Predicate<String> asked) {
    if (value.given != null) {
      Native.config_set(config, name, value.given);
      return;
    }
    if (value.items != null) {
      Native.config_set(config, name, value.items.isEmpty() ? "[]" : ""); // the items replace the default
      value.items.forEach(item -> Native.config_add(config, name, item));
      return;
    }
    String text = asked.test(name) ? value.supplied.get() : "";
    if (text == null) {
      throw new IllegalStateException("the supplier of " + name + " gave null");
    }
    Native.config_provide(config, name, text);
  }
}
