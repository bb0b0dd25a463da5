package io.github.libbcda;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The system, the machine and the C library of a JVM. Together they decide which native library fits. */
record Platform(String system, String machine, Libc libc) {
  /** The C library of a process. A native library for another one could crash the JVM. */
  enum Libc {
    ANDROID("Android's C library", "linker64"),
    /** For musl, {@code libc.so.6} is a name of itself, so only a process with glibc maps that file. */
    GLIBC("glibc", "libc\\.so\\.6|libc-2\\.\\d+\\.so"),
    MUSL("musl", "ld-musl-\\w+\\.so\\.1|libc\\.musl-\\w+\\.so\\.1|libc\\.so"),
    UNKNOWN("an unknown C library", "(?!)");

    private final String title;
    private final Pattern mapped; // lines of /proc/self/maps

    Libc(String title, String file) {
      this.title = title;
      mapped = Pattern.compile("/(" + file + ")( \\(deleted\\))?$");
    }
  }

  /** The names of the platforms that a jar may serve. */
  static final List<String> NAMES = List.of("linux-x86_64", "linux-aarch64", "linux-x86_64-musl", "linux-aarch64-musl");

  static Platform current() {
    String machine = machine(System.getProperty("os.arch"));
    Libc libc = mapped(Path.of("/proc/self/maps"));
    libc = libc == Libc.UNKNOWN ? installed(Path.of("/"), machine) : libc;
    return new Platform(System.getProperty("os.name"), machine, libc);
  }

  /** A machine has two names in Java. The result is the one that Linux has for it. */
  static String machine(String architecture) {
    return switch (architecture) {
      case "amd64" -> "x86_64";
      case "arm64" -> "aarch64";
      default -> architecture;
    };
  }

  /** The C library among the files that a process has mapped. */
  static Libc mapped(Path maps) {
    try {
      List<String> lines = Files.readAllLines(maps, ISO_8859_1);
      return Stream.of(Libc.values())
          .filter(libc -> lines.stream().anyMatch(libc.mapped.asPredicate()))
          .findFirst()
          .orElse(Libc.UNKNOWN);
    } catch (IOException unreadable) {
      return Libc.UNKNOWN;
    }
  }

  /** The C library of a system that has only one. */
  static Libc installed(Path root, String machine) {
    boolean musl = Files.exists(root.resolve("lib/ld-musl-" + machine + ".so.1"));
    boolean glibc =
        Stream.of("lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1").map(root::resolve).anyMatch(Files::exists);
    if (musl == glibc) {
      return Libc.UNKNOWN;
    }
    return musl ? Libc.MUSL : Libc.GLIBC;
  }

  /** For example {@code linux-x86_64-musl}. Only one of {@link #NAMES} is a platform of a jar. */
  String name() {
    String name = system.toLowerCase(Locale.ROOT) + "-" + machine;
    return libc == Libc.GLIBC ? name : name + "-" + libc.name().toLowerCase(Locale.ROOT);
  }

  /** For messages, for example {@code Linux on x86_64 with musl}. */
  @Override
  public String toString() {
    return system + " on " + machine + (system.equals("Linux") ? " with " + libc.title : "");
  }
}
