package io.github.libbcda;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** What a builder was told, in that order: immutable, and made into a native configuration for as long as one is needed. */
final class Values {
  /** One of the three is there, the others are null: a text, the items of a list, or who is asked. */
  record Value(String given, List<String> items, Supplier<String> supplied) {}

  private final Map<String, Value> all;
  private final List<LongConsumer> sources;

  Values(Map<String, Value> all, List<LongConsumer> sources) {
    this.all = new LinkedHashMap<>(all);
    this.sources = List.copyOf(sources);
  }

  /** To be used: suppliers are asked. */
  NativeHandle config() {
    return make(name -> true);
  }

  /** To be looked at: names are checked, but no supplier is asked, unless it is {@code seen}'s and that is no secret. */
  NativeHandle config(String seen) {
    return make(name -> name.equals(seen) && !Setting.find(name).map(Setting::secret).orElse(false));
  }

  private NativeHandle make(Predicate<String> asked) {
    NativeHandle config = new NativeHandle("configuration", Native.config_create(), Native::config_destroy);
    try {
      all.forEach((name, value) -> config.run(at -> tell(at, name, value, asked)));
      sources.forEach(config::run);
      return config;
    } catch (Throwable error) {
      config.close();
      throw error;
    }
  }

  private static void tell(long config, String name, Value value, Predicate<String> asked) {
    if (value.given != null) {
      Native.config_set(config, name, value.given);
      return;
    }
    if (value.items != null) {
      Native.config_set(config, name, ""); // instead of the default
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
