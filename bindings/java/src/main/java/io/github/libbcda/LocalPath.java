package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * Converts paths for the native library. The library opens only files of the default file system, by names in UTF-8.
 * Java uses the encoding of the locale for names, and its conversion to text can lose characters. So a path that would
 * change is refused.
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

  /** Refuses a path of the library that would change, or be invalid, as a {@link Path}. */
  static void expectNameable(String text) {
    if (!Arrays.equals(text.getBytes(LOCALE), text.getBytes(UTF_8))) {
      throw BcdaException.invalid(
          text + ": Java takes the names of files from the locale, which has " + LOCALE + ": set LC_ALL=C.UTF-8");
    }
  }
}
