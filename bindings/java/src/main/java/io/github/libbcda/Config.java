package io.github.libbcda;

import java.util.Map;
import java.util.function.Supplier;

/** A native configuration, for as long as it takes to use it. */
final class Config {
  private Config() {}

  /** Makes one of {@code values}. */
  static NativeHandle of(Map<String, Supplier<String>> values) {
    NativeHandle config = new NativeHandle("configuration", Native.config_create(), Native::config_destroy);
    try {
      values.forEach((name, value) -> config.run(at -> Native.config_set(at, name, value.get())));
      return config;
    } catch (Throwable error) {
      config.close();
      throw error;
    }
  }
}
