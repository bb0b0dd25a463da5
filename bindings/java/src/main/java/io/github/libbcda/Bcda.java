package io.github.libbcda;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What the library says of itself. Thread-safe. */
public final class Bcda {
  private Bcda() {}

  /**
   * The native library's version.
   *
   * @return such as {@code "0.2.0"}
   */
  public static String version() {
    return Native.version();
  }

  /**
   * What the native library runs with.
   *
   * @return versions of Boost and OpenSSL, one line
   */
  public static String versionDetails() {
    return Native.version_details();
  }

  /**
   * The table of settings.
   *
   * @return all of them, in the table's order
   */
  public static List<Setting> settings() {
    return Setting.all();
  }

  /**
   * One row of the table of settings.
   *
   * @param name such as {@code "client_id"}
   * @return empty when there is none of that name
   */
  public static Optional<Setting> setting(String name) {
    return Setting.find(Objects.requireNonNull(name, "name"));
  }
}
