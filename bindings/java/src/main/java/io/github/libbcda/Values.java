package io.github.libbcda;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** What a builder was told, in that order: immutable, and made into a native configuration for as long as one is needed. */
final class Values {
  private final Map<String, String> given;
  private final Map<String, Supplier<String>> supplied;

  Values(Map<String, String> given, Map<String, Supplier<String>> supplied) {
    this.given = Collections.unmodifiableMap(new LinkedHashMap<>(given));
    this.supplied = Collections.unmodifiableMap(new LinkedHashMap<>(supplied));
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
      given.forEach((name, value) -> config.run(at -> Native.config_set(at, name, value)));
      supplied.forEach(
          (name, supplier) -> {
            String value = asked.test(name) ? text(name, supplier.get()) : "";
            config.run(at -> Native.config_provide(at, name, value));
          });
      return config;
    } catch (Throwable error) {
      config.close();
      throw error;
    }
  }

  private static String text(String name, String value) {
    if (value == null) {
      throw new IllegalStateException("the supplier of " + name + " gave null");
    }
    return value;
  }
}
