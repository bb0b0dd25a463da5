package io.github.libbcda;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that only its owner can read. It gets its name when it is whole, and replaces no other file. */
final class PrivateFile implements AutoCloseable {
  private interface Work {
    void run() throws IOException;
  }

  private final Path path;
  private Path partial;
  private FileChannel channel;

  /** Creates the file under a hidden name. */
  PrivateFile(Path path) throws InterruptedException {
    this.path = path;
    attempt(
        () -> {
          expectNone();
          Path directory = path.toAbsolutePath().getParent();
          partial = Files.createTempFile(directory, "." + path.getFileName() + ".", ".partial"); // its mode is 0600
          channel = FileChannel.open(partial, StandardOpenOption.WRITE);
        });
  }

  void write(byte[] bytes) throws InterruptedException {
    attempt(
        () -> {
          for (ByteBuffer rest = ByteBuffer.wrap(bytes); rest.hasRemaining(); ) {
            channel.write(rest);
          }
        });
  }

  /** Gives the file its name, after its bytes are on the disk. */
  void publish() throws InterruptedException {
    attempt(
        () -> {
          channel.force(true);
          channel.close();
          Files.move(partial, path);
          partial = null;
        });
  }

  /** Removes the file, unless it was published. */
  @Override
  public void close() {
    try {
      if (channel != null) {
        channel.close();
      }
      if (partial != null) {
        Files.deleteIfExists(partial);
      }
    } catch (IOException left) {
      // the failure that led here is the one to be told
    }
  }

  private void expectNone() throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(path.toString());
    }
  }

  private void attempt(Work work) throws InterruptedException {
    try {
      work.run();
    } catch (ClosedByInterruptException interrupt) {
      Thread.interrupted(); // as for every InterruptedException
      throw new InterruptedException("interrupted while " + path + " was written");
    } catch (FileAlreadyExistsException exists) {
      throw BcdaException.of(Status.FILESYSTEM, path + " exists already", path.toString());
    } catch (IOException error) {
      BcdaException failure = BcdaException.of(Status.FILESYSTEM, path + " cannot be written: " + error, path.toString());
      failure.initCause(error);
      throw failure;
    }
  }
}
