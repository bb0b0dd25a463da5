package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * Paths on their way to the native library, which knows the system's own files alone, by names in UTF-8. Java has names in the
 * encoding of the locale, and a text for each that may lose some of it: what would become another path is refused.
 */
final class LocalPath {
  private static final Charset LOCALE = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  private LocalPath() {}

  static String text(Path path) {
    if (Objects.requireNonNull(path, "path").getFileSystem() != FileSystems.getDefault()) {
      throw BcdaException.invalid(path.toUri() + " is not a file of the system: it is in " + path.getFileSystem());
    }
    String text = path.toString();
    expectNameable(text);
    if (!Path.of(text).equals(path)) {
      throw BcdaException.invalid(text + ": the name is not UTF-8, as the library takes it: rename it, or make a link to it");
    }
    return text;
  }

  /** Refuses a path that is the library's, but would not be the same, or none, as a {@link Path}. */
  static void expectNameable(String text) {
    if (!Arrays.equals(text.getBytes(LOCALE), text.getBytes(UTF_8))) {
      throw BcdaException.invalid(
          text + ": Java takes the names of files from the locale, which has " + LOCALE + ": set LC_ALL=C.UTF-8");
    }
  }
}
