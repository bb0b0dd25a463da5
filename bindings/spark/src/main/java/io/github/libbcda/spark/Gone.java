package io.github.libbcda.spark;

import io.github.libbcda.Status;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The mark that the service has removed the files of a manifest. It is an empty file in the directory of the job, if
 * there is one. Tasks that see it fail without a request. The job after it has another manifest, so a late task of an
 * old job does not condemn it.
 */
final class Gone implements Serializable {
  private static final long serialVersionUID = 1;

  private final String directory; // of the job; null: none
  private final String name;

  /** {@code digest} is that of the manifest. */
  Gone(Path directory, String digest) {
    this.directory = directory == null ? null : directory.toString();
    name = "gone-" + digest.substring(0, 16);
  }

  /** Fails if the mark is there. {@code where} follows the message. */
  void check(String where) {
    if (directory != null && Files.exists(mark())) {
      throw new BcdaSparkException(
          Status.JOB_GONE, "start a new export: the service has removed its files" + remedy() + where);
    }
  }

  /** Sets the mark, if this machine can reach the directory. */
  void set() {
    try {
      if (directory != null && Files.isDirectory(Path.of(directory))) {
        Files.createFile(mark());
      }
    } catch (FileAlreadyExistsException another) {
      // Another task was first.
    } catch (IOException unreachable) {
      // Then the other tasks find out themselves.
    }
  }

  /** What follows a message; nothing for a manifest that the caller gave. */
  String remedy() {
    return directory == null ? "" : "; set the option restart, or remove the directory " + directory;
  }

  private Path mark() {
    return Path.of(directory, name);
  }

  @Override
  public String toString() {
    return "Gone";
  }
}
