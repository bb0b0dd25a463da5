package io.github.libbcda.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.Bcda;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.Sandbox;
import io.github.libbcda.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** The directory of a request, its mark, and the mark that its files are gone. */
class RequestTest {
  @TempDir Path dir;

  private static BcdaClient.Builder settings(String... pairs) {
    BcdaClient.Builder settings = BcdaClient.builder();
    for (int i = 0; i < pairs.length; i += 2) {
      settings.set(pairs[i], pairs[i + 1]);
    }
    return settings;
  }

  /** tests/python/test_spark_planning.py has the same vector. */
  @Test
  void theKeyIsThatOfPython() {
    assertEquals(
        "fe24a12eb36b70e2",
        Request.key(
            settings(
                "url", "https://api.bcda.example", "profile", "bcda-v3", "client_id", "me", "types", "Patient,Coverage",
                "since", "2026-01-01T00:00:00Z", "type_filters", "[\"Patient?a=1,2\"]")));
  }

  /** tests/python/test_spark_planning.py has the same vector. */
  @Test
  void theKeyOfAMarkIsOfOneTable() {
    BcdaClient.Builder request =
        settings(
            "url", "https://api.bcda.example", "profile", "bcda-v3", "client_id", "me", "types", "Patient,Coverage",
            "since", "2026-01-01T00:00:00Z", "type_filters", "[\"Patient?a=1,2\"]");
    assertEquals("7674e60aaf67d740", Request.keyOfMark(request, "claim_line"));
    assertEquals("99d572af9f92d3c1", Request.keyOfMark(request, "{\"resource\": \"Patient\",\n \"name\": \"é\"}"));
    assertEquals("3ac659e76f51811c", Request.keyOfMark(request, "raw"));
    assertEquals("3ac659e76f51811c", Request.keyOfMark(request.set("since", ""), "raw"));
  }

  @Test
  void theKeyIsOfTheRequestAlone() {
    BcdaClient.Builder request = settings("url", "https://x", "types", "Patient,Coverage");
    String key = Request.key(request);
    assertEquals(key, Request.key(settings("types", "Coverage, Patient", "url", "https://x", "profile", "auto")));
    assertEquals(key, Request.key(request.set("retries", "9")));
    assertNotEquals(key, Request.key(settings("url", "https://x", "types", "Patient")));
    assertNotEquals(key, Request.key(request.set("since", "2026-01-01T00:00:00Z")));
  }

  private Map<String, String> sinceMark() {
    return sinceMark("bcda-v2");
  }

  private Map<String, String> sinceMark(String profile, String... more) {
    Map<String, String> options = new TreeMap<>(Map.of("raw", "true", "url", "https://localhost", "since", "mark"));
    options.putAll(Map.of("profile", profile, "stateLocation", dir.resolve("new/state").toString(), "auth", "none"));
    for (int i = 0; i < more.length; i += 2) {
      options.put(more[i], more[i + 1]);
    }
    return options;
  }

  @Test
  void aCommitMovesTheMarkToWhatWasPlanned() throws Exception {
    Options options = Options.of(sinceMark());
    Request first = Request.of(options);
    assertEquals("", first.since());
    first.planned("2026-02-01T00:00:00Z");
    assertEquals("", Request.of(options).since(), "not committed");
    BcdaSpark.commit(sinceMark());
    Request second = Request.of(options);
    assertEquals("2026-02-01T00:00:00Z", second.since());
    assertNotEquals(first.directory(), second.directory());
    second.planned("2026-03-01T00:00:00Z");
    BcdaSpark.commit(sinceMark());
    assertEquals("2026-03-01T00:00:00Z", Request.of(options).since());
    for (Path made : List.of(dir.resolve("new"), dir.resolve("new/state"), second.directory())) {
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
    }
  }

  @Test
  void eachTableHasItsMark() throws Exception {
    Map<String, String> another = sinceMark();
    another.remove("raw");
    another.put("table", "claim");
    Request raw = Request.of(Options.of(sinceMark()));
    assertEquals(raw.directory(), Request.of(Options.of(another)).directory(), "they share the job");
    raw.planned("2026-02-01T00:00:00Z");
    Request.of(Options.of(another)).planned("2026-02-01T00:00:00Z");
    BcdaSpark.commit(sinceMark());
    assertEquals("", Request.of(Options.of(another)).since());
    BcdaSpark.commit(another);
    assertEquals("2026-02-01T00:00:00Z", Request.of(Options.of(another)).since());
  }

  @Test
  void theEarliestPlanningThatWasNotCommittedStays() throws Exception {
    Mark mark = Mark.of(Options.of(sinceMark()));
    mark.plan("2026-02-01T00:00:00Z");
    mark.plan("2026-01-31T20:00:00-05:00"); // an hour later
    mark.commit();
    assertEquals("2026-02-01T00:00:00Z", mark.time().get());
    mark.plan("2026-03-01T00:00:00Z");
    mark.plan("2026-03-01T00:30:00+01:00"); // half an hour earlier
    mark.commit();
    assertEquals("2026-03-01T00:30:00+01:00", mark.time().get());
    mark.plan("2026-03-01T00:30:00+01:00"); // a table that is used again after its commit
    mark.plan("2026-03-02T00:00:00Z");
    mark.commit();
    assertEquals("2026-03-02T00:00:00Z", mark.time().get());
    int day = 0;
    for (String malformed : List.of("", "{", "{}", "{\"transactionTime\": \"yesterday\"}", "\u00ff", "\0\0\0\u00ff")) {
      String later = "2026-04-0" + ++day + "T00:00:00Z";
      Files.writeString(planned(), malformed, StandardCharsets.ISO_8859_1);
      mark.plan(later);
      mark.commit();
      assertEquals(later, mark.time().get(), malformed);
    }
  }

  private Path planned() throws Exception {
    String key = Request.keyOfMark(Options.of(sinceMark()).client(), "raw");
    return dir.resolve("new/state").resolve(key).resolve("planned.json");
  }

  @Test
  void theEnvironmentHasNoSinceForAMark() throws Exception {
    try (Trials trials = new Trials(dir, Sandbox.builder().beneficiaries(4).option("profile", "bcda-v2"))) {
      Map<String, String> options = trials.options("raw", "true", "types", "Patient");
      options.put("stateLocation", dir.resolve("state").toString());
      String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
      assertEquals("0 0", Elsewhere.plannings(2, options, "BCDA_SINCE", now), "nobody has changed since");
      options.put("since", "mark");
      assertEquals("1 1", Elsewhere.plannings(2, options, "BCDA_SINCE", now));
    }
  }

  /** As in Python. */
  @Test
  void aMarkIsRefusedWhereChangesWouldBeMissed() throws Exception {
    Map<Map<String, String>, String> cases =
        Map.of(
            sinceMark("bcda-2019"), "does not take _since",
            sinceMark("hapi", "level", "patient"), "HAPI FHIR ignores _since with level=patient",
            sinceMark("bcda-v3", "level", "patient"), "never sends the history of people who are new since the mark",
            sinceMark("generic", "until", "2026-01-01T00:00:00Z"), "leave out the setting until",
            sinceMark("bcda-v3", "job_url", "https://localhost/1"), "leave out the setting job_url");
    cases.forEach(
        (options, message) -> {
          Executable makes = () -> Failures.told(() -> Request.of(Options.of(options)));
          BcdaSparkException refused = assertThrows(BcdaSparkException.class, makes, message);
          assertEquals(Status.INVALID_ARGUMENT, refused.status());
          assertTrue(refused.getMessage().contains(message), refused.getMessage());
        });
    assertFalse(Files.exists(dir.resolve("new")), "no directory was made for it");
    Request first = Request.of(Options.of(sinceMark("ab2d", "types", "ExplanationOfBenefit")));
    assertTrue(first.since().startsWith("20"), "without _since AB2D sends what is new to its last export");
  }

  @Test
  void thereMustBeSomethingToCommit() {
    BcdaSparkException nothing = assertThrows(BcdaSparkException.class, () -> BcdaSpark.commit(sinceMark()));
    assertEquals(Status.STATE, nothing.status());
    assertThrows(BcdaSparkException.class, () -> BcdaSpark.commit(Map.of("raw", "true", "url", "https://x")));
  }

  @Test
  void aDamagedMarkIsNoMark() throws Exception {
    Options options = Options.of(sinceMark());
    Request.of(options).planned("2026-02-01T00:00:00Z");
    Path mark = planned().resolveSibling("mark.json");
    Files.writeString(mark, "{}");
    BcdaSparkException damaged = assertThrows(BcdaSparkException.class, () -> Request.of(options));
    assertTrue(damaged.getMessage().contains(mark.toString()), damaged.getMessage());
  }

  @Test
  void whatIsGoneStaysGone() throws Exception {
    Gone gone = new Gone(dir, "0123456789abcdef".repeat(4));
    gone.check("");
    gone.set();
    gone.set();
    String said = assertThrows(BcdaSparkException.class, () -> gone.check(" (task 3)")).getMessage();
    assertTrue(said.startsWith("JOB_GONE: start a new export"), said);
    assertTrue(said.endsWith("; set the option restart, or remove the directory " + dir + " (task 3)"), said);
    assertTrue(Files.exists(dir.resolve("gone-0123456789abcdef")), "Python looks for the same name");
    String another = "fedcba9876543210".repeat(4);
    new Gone(dir, another).check("");
    new Gone(dir.resolve("elsewhere"), another).set();
    new Gone(null, another).set();
    new Gone(null, another).check("");
  }
}
