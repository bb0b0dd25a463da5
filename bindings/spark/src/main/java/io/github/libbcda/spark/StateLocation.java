package io.github.libbcda.spark;

import io.github.libbcda.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Set;
import java.util.stream.Stream;

/** Where the driver keeps its jobs: a directory for each request. */
final class StateLocation {
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private StateLocation() {}

  /** Makes it, if it is missing. {@code given} null: the private directory of this application. */
  static Path of(Path given) throws IOException {
    return given == null ? OfApplication.DIRECTORY : made(given);
  }

  /** Makes a directory in it. */
  static Path directory(Path location, String name) throws IOException {
    return made(location.resolve(name));
  }

  private static Path made(Path directory) throws IOException {
    return Files.isDirectory(directory) ? directory : Files.createDirectories(directory, PRIVATE);
  }

  /** Makes a directory. False: it was there before. */
  static boolean isMade(Path directory) throws IOException {
    made(directory.getParent());
    try {
      Files.createDirectory(directory, PRIVATE);
      return true;
    } catch (FileAlreadyExistsException another) {
      return false;
    }
  }

  /** Writes a small file, which others see either as it was or as it is now. */
  static void replace(Path file, byte[] content) throws IOException {
    Path written = Files.createTempFile(file.getParent(), file.getFileName() + "-", "");
    try (FileChannel channel = FileChannel.open(written, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(content));
      channel.force(true);
    }
    move(written, file);
  }

  /** Within a directory, so that a loss of power does not undo it. */
  static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel directory = FileChannel.open(to.getParent(), StandardOpenOption.READ)) {
      directory.force(true);
    } catch (IOException unable) {
      // Some file systems cannot do that.
    }
  }

  static BcdaSparkException failure(IOException error) {
    return new BcdaSparkException(Status.FILESYSTEM, "the option stateLocation: " + error);
  }

  /** Only its owner has access to it. It is removed when the JVM ends. */
  private static final class OfApplication {
    static final Path DIRECTORY = make();

    private static Path make() {
      try {
        Path made = Files.createTempDirectory("bcda-spark-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(made), "bcda-spark-end"));
        return made;
      } catch (IOException error) {
        throw failure(error);
      }
    }

    private static void remove(Path directory) {
      try (Stream<Path> all = Files.walk(directory)) {
        all.sorted(Comparator.reverseOrder()).forEach(each -> each.toFile().delete());
      } catch (IOException left) {
        // The JVM is ending, so nobody can be told.
      }
    }
  }
}
