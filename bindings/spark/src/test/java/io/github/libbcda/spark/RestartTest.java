package io.github.libbcda.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.BcdaException;
import io.github.libbcda.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads with the option {@code restart}, without Spark. */
class RestartTest {
  @TempDir Path dir;
  private Trials trials;

  @BeforeEach
  void start() throws Exception {
    trials = Trials.claims(dir, 1).with("raw", "true").with("stateLocation", dir.resolve("state").toString());
  }

  @AfterEach
  void stop() {
    trials.close();
  }

  private Planning read(String... pairs) {
    return Planning.of(Options.of(trials.options(pairs)));
  }

  /** The directory of the job, in the words of the remedy. */
  private static String job(Planning read) {
    BcdaPartition[] partitions = read.partitions();
    assertEquals(1, partitions.length);
    return partitions[0].gone().remedy().replaceFirst(".*directory ", "");
  }

  private Path current() throws Exception {
    try (Stream<Path> found = Files.find(dir.resolve("state"), 2, (path, is) -> path.endsWith("current"))) {
      return found.findFirst().orElseThrow();
    }
  }

  @Test
  void aReadRestartsOnceAlsoIfItsFirstWaitFails() throws Exception {
    String first = job(read());
    Planning restarts = read("restart", "true", "retries", "0", "outage_limit", "1ms");
    assertEquals(1, trials.kickOffs(), "loading is no action");
    trials.sandbox.control("fault", "status=503:on=GET /api/v1/jobs");
    assertThrows(BcdaException.class, restarts::partitions);
    assertEquals(2, trials.kickOffs());
    trials.sandbox.control("fault", "none");
    String second = job(restarts);
    assertEquals(second, job(restarts));
    assertEquals(second, job(restarts));
    assertNotEquals(first, second);
    assertEquals(second, job(read()), "a later read has the manifest of the new job");
    assertEquals(2, trials.kickOffs());
    String text = Files.readString(current());
    assertTrue(text.matches("job-[0-9a-f]{32}\\n"), text);
    assertEquals(Path.of(second), current().resolveSibling(text.strip()));
    assertNotEquals(second, job(read("restart", "true")), "another read restarts, too");
    assertEquals(3, trials.kickOffs());
  }

  @Test
  void itTakesWhatBooleanSettingsTake() throws Exception {
    List<String> values = List.of("off", "no", "0", "false", "on", "yes", "1", "true");
    for (int i = 0; i < values.size(); i++) {
      Planning read = read("restart", values.get(i));
      assertEquals(job(read), job(read));
      assertEquals(Math.max(1, i - 2), trials.kickOffs(), values.get(i));
    }
  }

  @Test
  void theEnvironmentOfTheDriverMaySayIt() throws Exception {
    job(read());
    assertEquals("1 1 1", Elsewhere.plannings(3, trials.options(), "BCDA_RESTART", "1"));
    assertEquals(2, trials.kickOffs());
    assertEquals("1 1 1", Elsewhere.plannings(3, trials.options("restart", "false"), "BCDA_RESTART", "1"));
    assertEquals(2, trials.kickOffs());
  }

  @Test
  void aDamagedNoteOfTheCurrentJobIsNotFollowed() throws Exception {
    job(read("restart", "true"));
    Path current = current();
    for (String damage : List.of("", "..", "job-1", "job-" + "0".repeat(33), "job-" + "A".repeat(32), "\u00ff")) {
      Files.writeString(current, damage, StandardCharsets.ISO_8859_1);
      BcdaSparkException failure = assertThrows(BcdaSparkException.class, () -> read().partitions());
      assertEquals(Status.FILESYSTEM, failure.status());
      assertTrue(failure.getMessage().endsWith(current + " is damaged; remove it"), failure.getMessage());
    }
    assertEquals(1, trials.kickOffs());
    Files.delete(current);
    assertEquals(current.getParent().toString(), job(read()));
    assertEquals(2, trials.kickOffs());
  }
}
