package io.github.libbcda;

import java.nio.file.FileSystems;
import java.nio.file.Path;

/** Paths on their way to the native library, which knows the system's own files alone. */
final class LocalPath {
  private LocalPath() {}

  static String text(Path path) {
    if (path.getFileSystem() != FileSystems.getDefault()) {
      throw BcdaException.invalid(path.toUri() + " is not a file of the system: it is in " + path.getFileSystem());
    }
    return path.toString();
  }
}
