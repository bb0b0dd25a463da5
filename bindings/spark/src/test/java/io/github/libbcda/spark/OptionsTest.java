package io.github.libbcda.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.Bcda;
import io.github.libbcda.Setting;
import io.github.libbcda.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Options, without Spark. */
class OptionsTest {
  private static final String VALUE = "canary-7f3a";

  private static Map<String, String> with(String... pairs) {
    Map<String, String> options = new TreeMap<>(Map.of("table", "claim_line"));
    for (int i = 0; i < pairs.length; i += 2) {
      options.put(pairs[i], pairs[i + 1]);
    }
    return options;
  }

  private static String refusal(Map<String, String> options) {
    BcdaSparkException refused = assertThrows(BcdaSparkException.class, () -> Options.of(options));
    assertEquals(Status.INVALID_ARGUMENT, refused.status());
    assertTrue(refused.getMessage().startsWith("INVALID_ARGUMENT: "), refused.getMessage());
    assertFalse(refused.getMessage().contains(VALUE), refused.getMessage());
    return refused.getMessage();
  }

  @Test
  void everySecretIsRefusedAndTheReferenceToUseIsNamed() {
    List<Setting> secrets = Bcda.settings().stream().filter(Setting::secret).toList();
    assertTrue(secrets.size() >= 8, secrets.size() + " secrets");
    for (Setting secret : secrets) {
      String said = refusal(with(secret.name().toUpperCase(), VALUE));
      assertTrue(said.contains(secret.env()), said);
      String file = secret.name() + "_file";
      assertEquals(Bcda.setting(file).isPresent(), said.contains("the option " + file), said);
    }
  }

  @Test
  void peopleAreNoOption() {
    assertEquals(
        "INVALID_ARGUMENT: the option patients is refused, because Spark shows options: use the environment variable"
            + " BCDA_PATIENTS",
        refusal(with("patients", "Patient/" + VALUE)));
  }

  @Test
  void aUrlWithAPasswordIsRefused() {
    for (String user : List.of("me:" + VALUE, "***:" + VALUE, VALUE + "***")) {
      assertTrue(refusal(with("proxy", "http://" + user + "@proxy:3128")).contains("BCDA_PROXY"));
    }
    Options.of(with("proxy", "http://***@proxy:3128")); // nothing is hidden of it
  }

  @Test
  void everyOtherSettingIsAnOption() {
    List<String> refused =
        List.of("out", "tables", "keep_ndjson", "sync_partial", "delete_job", "job_directory", "patients");
    for (Setting setting : Bcda.settings()) {
      if (!setting.secret() && !refused.contains(setting.name())) {
        String value = setting.choices().isEmpty() ? setting.defaultValue() : setting.choices().get(0);
        Options.of(with(setting.name(), value));
      }
    }
    for (String name : refused) {
      assertTrue(refusal(with(name, "true")).contains(name));
    }
  }

  @Test
  void unknownNamesAreRefusedWithASuggestion() {
    assertTrue(refusal(with("statelocatoin", "/x")).endsWith("did you mean stateLocation?"));
    assertTrue(refusal(with("tipes", "Patient")).endsWith("did you mean types?"));
    assertTrue(refusal(with("somethingQuiteDifferent", "x")).contains("docs/settings.md"));
  }

  @Test
  void namesAreNotCaseSensitiveAndThoseOfTheCatalogAreIgnored() {
    Options options =
        Options.of(with("OWNER", "me", "option.table", "x", "STATELOCATION", "/state", "MaxConcurrentDownloads", "7"));
    assertEquals(Path.of("/state"), options.stateLocation());
    assertEquals(7, options.downloads());
  }

  @Test
  void exactlyOneTableIsGiven() {
    for (Map<String, String> options :
        List.of(Map.of("url", "https://x"), with("raw", "true"), with("view", "{}"), Map.of("raw", "false"))) {
      assertTrue(refusal(options).contains("table, view and raw"));
    }
    for (String yes : List.of("true", "TRUE", "1", "yes", "On")) {
      assertEquals("raw", Options.of(Map.of("raw", yes)).definition());
    }
    for (String no : List.of("false", "False", "0", "NO", "off")) {
      assertEquals("claim_line", Options.of(with("raw", no)).definition());
    }
    for (String wrong : List.of("perhaps", "", "2")) {
      assertTrue(refusal(Map.of("raw", wrong)).contains("the option raw takes true or false"));
    }
  }

  @Test
  void pathsAreLocalAndMayBeSeveral() {
    assertEquals(List.of(Path.of("/a")), Options.of(with("path", "/a")).paths());
    assertEquals(List.of(Path.of("/a"), Path.of("b,c")), Options.of(with("path", "[\"/a\", \"b,c\"]")).paths());
    assertEquals(List.of(Path.of("/a b")), Options.of(with("path", "file:/a%20b")).paths());
    Map<String, String> ofCatalog = with("path", "file:/warehouse", "url", "https://x", "provider", "bcda");
    assertEquals(List.of(), Options.of(ofCatalog).paths());
    assertEquals(List.of(Path.of("/ä/b")), Options.of(with("path", "file:///%C3%A4/b")).paths());
    Path ofHome = Path.of(System.getProperty("user.home"), "s");
    assertEquals(ofHome, Options.of(with("stateLocation", "~/s")).stateLocation());
    for (String wrong :
        List.of(
            "file:/a b", "file://host/a", "file:/a?b", "file:/a%00", "a\0b", "s3://bucket/a", "dbfs:/a", "",
            "[\"/a\"", "[null]")) {
      refusal(with("path", wrong));
    }
    refusal(with("stateLocation", "hdfs://a/b"));
    refusal(with("path", "/a", "manifest", "{}"));
  }

  @Test
  void aManifestIsTextOrAFile() {
    for (String text : List.of("{}", "[]", " \n{}")) {
      assertEquals(text, Options.of(with("manifest", text)).manifest().read().json());
    }
    for (String file : List.of("/m.json", "file:/m.json")) {
      assertEquals(Path.of("/m.json"), Options.of(with("manifest", file)).manifest().file());
    }
    for (String wrong : List.of("s3://bucket/m.json", "")) {
      assertTrue(refusal(with("manifest", wrong)).contains("the option manifest takes a path"));
    }
  }

  @Test
  void downloadsAreANumber() {
    for (String wrong : List.of("0", "-1", "many", "", "1000000000000")) {
      refusal(with("maxConcurrentDownloads", wrong));
    }
    assertEquals(0, Options.of(with()).downloads());
  }

  @Test
  void aMarkNeedsAPlaceAndAJob() {
    assertTrue(refusal(with("since", "mark")).contains("stateLocation"));
    refusal(with("since", "MARK", "stateLocation", "/s", "path", "/a"));
    assertTrue(Options.of(with("since", "mark", "stateLocation", "/s")).isSinceMark());
    assertFalse(Options.of(with("since", "2026-01-01T00:00:00Z")).isSinceMark());
  }

  @Test
  void executorsGetNeitherThePrivateKeyNorTheRequest() {
    Map<String, String> sent =
        sent(
            Options.of(
                with(
                    "url", "https://bcda.example", "client_id", "me", "client_secret_file", "/run/secret",
                    "private_key", "/key.pem", "private_key_passphrase_file", "/pass",
                    "types", "Patient", "since", "2026-01-01T00:00:00Z",
                    "retries", "9", "final_only", "true", "columns", "claim_key", "poll_interval", "1s",
                    "partition_key_file", "/seal", "verify", "stream", "stateLocation", "/state")),
            "bcda-2019");
    sent.entrySet().removeIf(each -> each.getValue().equals(Bcda.setting(each.getKey()).get().defaultValue()));
    assertEquals(
        Map.of(
            "url", "https://bcda.example", "profile", "bcda-2019", "client_id", "me",
            "client_secret_file", "/run/secret", "retries", "9",
            "final_only", "true", "columns", "claim_key", "partition_key_file", "/seal", "verify", "stream",
            "user_agent", "the tests of bcda-spark"), // from the environment
        sent);
  }

  private static Map<String, String> sent(Options options, String profile) {
    return new TreeMap<>(new ExecutorSettings(options, profile).sent());
  }

  @Test
  void theEnvironmentOfAnExecutorDecidesNothingAboutRows() {
    Map<String, String> sent = sent(Options.of(with("threads", "0")), "bcda-2019");
    Map.of(
            "verify", "before", "allow_plaintext", "false", "require_proof", "none", "retries", "5",
            "final_only", "false", "on_error", "fail", "values", "typed", "generation", "auto",
            "threads", "0") // given
        .forEach((name, value) -> assertEquals(value, sent.get(name), name));
    for (Setting setting : Bcda.settings()) {
      boolean isOfClient = !setting.forExport() && !setting.forTables() && !setting.forPartitions();
      boolean mustBeSent = !isOfClient && setting.forOpening() && !setting.secret() && !setting.type().equals("path");
      if (mustBeSent && !setting.defaultValue().isEmpty()) {
        assertEquals(!setting.name().equals("batch_rows"), sent.containsKey(setting.name()), setting.name());
      }
    }
    for (String ofTheMachine : List.of("share_threads", "connect_timeout", "ca_file", "spool_directory", "proxy")) {
      assertFalse(sent.containsKey(ofTheMachine), ofTheMachine);
    }
  }

  @Test
  void filesWaitInADirectoryOfSpark(@TempDir Path first, @TempDir Path second) {
    String both = "/none," + first + "," + second;
    assertEquals(first.toString(), LocalDirectory.first(Map.of("SPARK_LOCAL_DIRS", both)::get, second.toString()));
    assertEquals(second.toString(), LocalDirectory.first(Map.of("LOCAL_DIRS", second.toString())::get, both));
    assertEquals(first.toString(), LocalDirectory.first(Map.of("SPARK_LOCAL_DIRS", "/none")::get, both));
    assertEquals(null, LocalDirectory.first(Map.of("SPARK_LOCAL_DIRS", "")::get, ""));
  }

  @Test
  void theSchemaIsThatOfTheLibrary() {
    assertEquals(
        "struct<claim_key:string,paid_amount:decimal(18,2)>",
        Options.of(with("columns", "claim_key,paid_amount")).schema().catalogString());
    assertEquals(
        "struct<value:string,type:string,file:string,line:bigint>",
        Options.of(Map.of("raw", "true")).schema().catalogString());
  }
}
