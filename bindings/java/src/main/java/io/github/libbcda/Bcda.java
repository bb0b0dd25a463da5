package io.github.libbcda;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The version of the library, its settings and its profiles of servers. Thread-safe. */
public final class Bcda {
  private Bcda() {}

  /**
   * The version of the native library.
   *
   * @return for example {@code "0.2.0"}
   */
  public static String version() {
    return Native.version();
  }

  /**
   * The versions of Boost, OpenSSL, zlib and simdjson that the native library uses.
   *
   * @return one line of text
   */
  public static String versionDetails() {
    return Native.version_details();
  }

  /**
   * The table of settings.
   *
   * @return all settings, in the order of the table
   */
  public static List<Setting> settings() {
    return Setting.all();
  }

  /**
   * One row of the table of settings.
   *
   * @param name the name of a setting, for example {@code "client_id"}
   * @return empty if there is no setting with that name
   */
  public static Optional<Setting> setting(String name) {
    return Setting.find(Objects.requireNonNull(name, "name"));
  }

  /**
   * What the library knows about each kind of server: a row for each value of the setting {@code profile} but
   * {@code auto}. {@code docs/servers.md} explains the fields. A row is also the content of a {@code profile_file}.
   *
   * @return JSON text: an array of objects
   */
  public static String profiles() {
    return Native.profiles();
  }

  /**
   * Where the export in a directory stands. Sends nothing and changes nothing there, so it may be called while an export
   * writes there.
   *
   * @param directory the directory of an export
   * @return JSON text: an object with {@code directory}, {@code state} ({@code "finished"}, {@code "unfinished"}, for
   *     {@link BcdaClient#resume}, {@code "fetch"}, {@code "series"}, {@code "damaged"} or {@code "none"}), {@code usedBy}
   *     ({@code host} and {@code pid} of a run that uses it, or null), {@code damage} (what is damaged, and what to do
   *     about it; "": nothing), {@code partial} (whether resources are missing in a finished export), {@code runs} (the
   *     number of exports of a series), {@code request} (what the export asks for, or null), {@code jobs} (each with
   *     {@code type}, {@code statusUrl}, {@code state}, {@code manifest} and {@code files}), {@code files}
   *     ({@code published}, {@code bytes}, {@code inTables}, {@code underWay}) and {@code tables} (the Arrow files that are
   *     there, by table: {@code table}, {@code parts}, {@code rows})
   * @throws BcdaException.Filesystem there is no such directory, or it cannot be read
   */
  public static String directoryStatus(Path directory) {
    return Native.directory_status(LocalPath.text(directory));
  }
}
