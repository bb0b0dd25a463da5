package io.github.libbcda.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.libbcda.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/**
 * The time up to which reads with {@code since=mark} were committed. It is in the directory of the request without
 * {@code since}: {@code mark.json}. A planning notes its own time beside it, in {@code planned.json}.
 */
final class Mark {
  private static final String TIME = "transactionTime";

  private final Path mark;
  private final Path planned;

  private Mark(Path directory) {
    mark = directory.resolve("mark.json");
    planned = directory.resolve("planned.json");
  }

  /** That of a read with {@code since=mark}. */
  static Mark of(Options options) throws IOException {
    String key = Request.key(options.client()); // it has no since
    return new Mark(StateLocation.directory(StateLocation.of(options.stateLocation()), key));
  }

  /** Empty: nothing was committed yet. */
  Optional<String> time() throws IOException {
    try {
      JsonNode time = new ObjectMapper().readTree(Files.readAllBytes(mark)).path(TIME);
      if (!time.isTextual() || time.asText().isEmpty()) {
        throw new BcdaSparkException(
            Status.FILESYSTEM, mark + " has no " + TIME + "; remove it to read everything again");
      }
      return Optional.of(time.asText());
    } catch (NoSuchFileException none) {
      return Optional.empty();
    }
  }

  /** Notes what a commit would move the mark to. */
  void plan(String time) throws IOException {
    if (time.isEmpty()) {
      throw new BcdaSparkException(
          Status.PROTOCOL, "the manifest has no transactionTime, so since=mark cannot go on from it");
    }
    Path written = Files.createTempFile(planned.getParent(), "planned-", ".json");
    try (FileChannel file = FileChannel.open(written, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new ObjectMapper().writeValueAsBytes(Map.of(TIME, time))));
      file.force(true);
    }
    Files.move(written, planned, StandardCopyOption.ATOMIC_MOVE);
  }

  void commit() throws IOException {
    try {
      Files.move(planned, mark, StandardCopyOption.ATOMIC_MOVE);
      sync(mark.getParent());
    } catch (NoSuchFileException none) {
      throw new BcdaSparkException(
          Status.STATE, "there is nothing to commit: no read with these options was planned since the last commit");
    }
  }

  /** So that a loss of power does not undo a commit. */
  private static void sync(Path directory) throws IOException {
    try (FileChannel opened = FileChannel.open(directory, StandardOpenOption.READ)) {
      opened.force(true);
    }
  }

  @Override
  public String toString() {
    return "Mark";
  }
}
