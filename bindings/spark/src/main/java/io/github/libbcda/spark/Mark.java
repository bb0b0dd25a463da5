package io.github.libbcda.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.ExportRequest;
import io.github.libbcda.Status;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The time up to which reads of a table with {@code since=mark} were committed. It is in a directory of its own:
 * {@code mark.json}. A planning notes its own time beside it, in {@code planned.json}.
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
    String key = Request.keyOfMark(options.client(), options.definition());
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
      JsonNode time = noted(mark);
      if (!time.isTextual() || time.asText().isEmpty()) {
        throw new BcdaSparkException(
            Status.FILESYSTEM, mark + " has no " + TIME + "; remove it to read everything again");
      }
      return Optional.of(time.asText());
    } catch (NoSuchFileException none) {
      return Optional.empty();
    }
  }

  private static JsonNode noted(Path file) throws IOException {
    return new ObjectMapper().readTree(Files.readAllBytes(file)).path(TIME);
  }

  /**
   * Notes what a commit would move the mark to, unless the mark is there already. An earlier time that was not committed
   * stays, because it is safe.
   */
  void plan(String time) throws IOException {
    String none = "the manifest has no transactionTime, so since=mark cannot go on from it";
    Instant end = instant(time).orElseThrow(() -> new BcdaSparkException(Status.PROTOCOL, none));
    boolean isCommitted = time().flatMap(Mark::instant).filter(committed -> !end.isAfter(committed)).isPresent();
    if (!isCommitted && planned().filter(earlier -> !earlier.isAfter(end)).isEmpty()) {
      StateLocation.replace(planned, new ObjectMapper().writeValueAsBytes(Map.of(TIME, time)));
    }
  }

  /** Empty: there is none, or it is damaged. */
  private Optional<Instant> planned() throws IOException {
    try {
      return instant(noted(planned).asText());
    } catch (NoSuchFileException | JsonProcessingException | CharConversionException none) {
      return Optional.empty();
    }
  }

  private static Optional<Instant> instant(String time) {
    try {
      return Optional.of(OffsetDateTime.parse(time).toInstant());
    } catch (DateTimeParseException none) {
      return Optional.empty();
    }
  }

  void commit() throws IOException {
    try {
      StateLocation.move(planned, mark);
    } catch (NoSuchFileException none) {
      throw new BcdaSparkException(
          Status.STATE, "there is nothing to commit: no read with these options was planned since the last commit");
    }
  }

  @Override
  public String toString() {
    return "Mark";
  }
}
