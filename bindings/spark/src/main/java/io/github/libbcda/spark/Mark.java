package io.github.libbcda.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.ExportRequest;
import io.github.libbcda.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The time up to which reads with {@code since=mark} were committed. It is in the directory of the request without
 * {@code since}: {@code mark.json}. A planning notes its own time beside it, in {@code planned.json}.
 */
final class Mark {
  private static final String TIME = "transactionTime";

  private static final String ANY_TIME = "2000-01-01T00:00:00Z";

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

  /**
   * The {@code since} of a first read, because some services send everything only with one. Refuses what would leave
   * gaps between two marks. {@code settings} are those of the driver.
   */
  static String first(BcdaClient.Builder settings) {
    if (!settings.get("job_url").isEmpty()) {
      throw Failures.invalid("since=mark starts a job of its own; leave out the setting job_url");
    }
    if (!settings.get("until").isEmpty()) {
      throw Failures.invalid("since=mark asks for all changes up to now; leave out the setting until");
    }
    try (BcdaClient client = settings.build()) {
      client.plan(ExportRequest.builder().set("since", ANY_TIME).build());
      JsonNode profile = Planning.profile(client);
      String level = settings.get("level").isEmpty() ? profile.path("default_level").asText() : settings.get("level");
      if (new ObjectMapper().convertValue(profile.path("lacks_history"), List.class).contains(level)) {
        throw Failures.invalid(
            "with level=" + level + " " + profile.path("title").asText() + " never sends the history of people who are"
                + " new since the mark; choose another level");
      }
      return profile.path("first_since").asText();
    }
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
    move(written, planned);
  }

  void commit() throws IOException {
    try {
      move(planned, mark);
    } catch (NoSuchFileException none) {
      throw new BcdaSparkException(
          Status.STATE, "there is nothing to commit: no read with these options was planned since the last commit");
    }
  }

  /** Within a directory, so that a loss of power does not undo it. */
  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel directory = FileChannel.open(to.getParent(), StandardOpenOption.READ)) {
      directory.force(true);
    } catch (IOException unable) {
      // Some file systems cannot do that.
    }
  }

  @Override
  public String toString() {
    return "Mark";
  }
}
