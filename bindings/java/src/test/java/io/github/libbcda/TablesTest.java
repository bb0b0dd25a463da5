package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.Temporal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The library's tables, and what is made from them. */
class TablesTest {
  static Stream<Setting> settings() {
    return Bcda.settings().stream();
  }

  @Test
  void theSourcesAreWhatTheTablesMake() throws Exception {
    Path sources = Trials.REPOSITORY.resolve("bindings/java/src/main/java/io/github/libbcda");
    for (Map.Entry<String, String> source : TableSources.all().entrySet()) {
      assertEquals(
          source.getValue(), Files.readString(sources.resolve(source.getKey())), source.getKey() + ": run ./dev docs");
    }
  }

  @Test
  void versions() {
    assertEquals(System.getProperty("version"), Bcda.version());
    assertTrue(Bcda.versionDetails().contains("OpenSSL"));
  }

  @Test
  void theTableOfSettings() {
    Setting secret = Bcda.setting("client_secret").orElseThrow();
    assertTrue(secret.secret());
    assertFalse(secret.forExport());
    assertFalse(secret.forTables());
    assertTrue(Bcda.setting("batch_rows").orElseThrow().forTables());
    assertFalse(Bcda.setting("batch_rows").orElseThrow().forExport());
    assertEquals("BCDA_CLIENT_SECRET", secret.env());
    assertEquals(
        List.of("power", "process"), Bcda.setting("durability").orElseThrow().choices());
    assertEquals(Optional.empty(), Bcda.setting("surprise"));
    assertTrue(settings().allMatch(setting -> setting.equals(Bcda.setting(setting.name()).orElseThrow())));
  }

  static Stream<Setting> clientSettings() {
    return settings().filter(setting -> !setting.forTables() && !setting.forPartitions());
  }

  static Stream<Setting> partitionSettings() {
    return settings().filter(Setting::forPartitions);
  }

  static Stream<Setting> tableSettings() {
    return settings().filter(Setting::forTables);
  }

  @ParameterizedTest
  @MethodSource("clientSettings")
  void everySettingHasABuilderMethodThatSetsIt(Setting setting) throws Exception {
    Method method = method(BcdaClient.Builder.class, setting);
    BcdaClient.Builder builder = BcdaClient.builder();
    assertEquals(builder, method.invoke(builder, example(setting, method.getParameterTypes()[0])));
    String value = builder.get(setting.name());
    assertEquals(setting.secret() ? "(set)" : expected(setting), value);
    assertNotNull(method(BcdaDecryptor.Builder.class, setting));
    assertEquals(setting.forExport(), has(ExportRequest.Builder.class, setting));
    assertFalse(has(TableSettings.class, setting));
  }

  @ParameterizedTest
  @MethodSource("tableSettings")
  void everySettingOfATableHasAMethodThatSetsItAndNoneOfAClient(Setting setting) throws Exception {
    Method method = method(TableSettings.class, setting);
    TableSettings settings = new TableSettings();
    assertEquals(settings, method.invoke(settings, example(setting, method.getParameterTypes()[0])));
    assertEquals(expected(setting), value(settings, setting.name()));
    assertFalse(setting.forExport());
    assertFalse(has(BcdaClient.Builder.class, setting));
    assertFalse(has(ExportRequest.Builder.class, setting));
  }

  @ParameterizedTest
  @MethodSource("partitionSettings")
  void everySettingOfPartitionsHasAMethodThatSetsItAndNoneOfAClient(Setting setting) throws Exception {
    Method method = method(PartitionSettings.class, setting);
    PartitionSettings settings = new PartitionSettings();
    assertEquals(settings, method.invoke(settings, example(setting, method.getParameterTypes()[0])));
    assertEquals(setting.secret() ? "(set)" : expected(setting), value(settings, setting.name()));
    assertFalse(setting.forExport() || setting.forTables());
    assertFalse(has(BcdaClient.Builder.class, setting));
    assertFalse(has(TableSettings.class, setting));
  }

  private static String value(Settings<?> settings, String name) {
    try (NativeHandle config = settings.values().config()) {
      return config.call(at -> Native.config_get(at, name));
    }
  }

  @ParameterizedTest
  @MethodSource("settings")
  void everySettingMayBeSupplied(Setting setting) {
    AtomicInteger asked = new AtomicInteger();
    BcdaClient.Builder builder =
        BcdaClient.builder()
            .supply(
                setting.name(),
                () -> {
                  asked.incrementAndGet();
                  return expected(setting);
                });
    builder.get(setting.name().equals("url") ? "parallel" : "url");
    assertEquals(0, asked.get());
    assertEquals(setting.secret() ? "(set)" : expected(setting), builder.get(setting.name()));
    assertEquals(setting.secret() ? 0 : 1, asked.get());
  }

  private static boolean has(Class<?> builder, Setting setting) {
    return Arrays.stream(builder.getMethods())
        .anyMatch(method -> method.getName().equals(TableSources.camelCase(setting.name())));
  }

  private static Method method(Class<?> builder, Setting setting) {
    return Arrays.stream(builder.getMethods())
        .filter(method -> method.getName().equals(TableSources.camelCase(setting.name())))
        .filter(method -> !method.isBridge())
        .filter(method -> !Temporal.class.isAssignableFrom(method.getParameterTypes()[0])) // another form of a text
        .findFirst()
        .orElseThrow(() -> new AssertionError("no method for " + setting.name()));
  }

  private static Object example(Setting setting, Class<?> type) {
    return switch (setting.type()) {
      case "boolean" -> true;
      case "integer" -> 7;
      case "size" -> 131072L;
      case "duration" -> Duration.ofMillis(12_000);
      case "list" -> new String[] {"https://a.example", "https://b.example"};
      case "path" -> Path.of("/some/path");
      case "choice" -> type.getEnumConstants()[1];
      default -> text(setting);
    };
  }

  private static String text(Setting setting) {
    return setting.name().equals("url") ? "https://service.example" : "text";
  }

  /** As the library writes values. */
  private static String expected(Setting setting) {
    return switch (setting.type()) {
      case "boolean" -> "true";
      case "integer" -> "7";
      case "size" -> "131072";
      case "duration" -> "12000ms";
      case "list" -> "https://a.example,https://b.example";
      case "path" -> "/some/path";
      case "choice" -> setting.choices().get(1);
      default -> text(setting);
    };
  }

  @Test
  void timesAreRoundedUpAndNullIsTheDefault() {
    assertEquals("1ms", BcdaClient.builder().timeout(Duration.ofNanos(1)).get("timeout"));
    assertEquals("1m", BcdaClient.builder().idleTimeout(Duration.ofSeconds(3)).idleTimeout(null).get("idle_timeout"));
    assertEquals("power", BcdaClient.builder().durability(null).get("durability"));
    String types = BcdaClient.builder().get("types");
    assertEquals(types, BcdaClient.builder().types("Patient").types((String[]) null).get("types"));
  }

  @Test
  void aTimeKeepsItsInstantAndAllItsDigits() {
    Instant time = Instant.parse("2026-02-13T08:00:00.123456789Z");
    assertEquals("2026-02-13T08:00:00.123456789Z", BcdaClient.builder().since(time).get("since"));
    OffsetDateTime elsewhere = time.atOffset(ZoneOffset.ofHours(-5));
    assertEquals("2026-02-13T08:00:00.123456789Z", BcdaClient.builder().until(elsewhere).get("until"));
    assertEquals("", BcdaClient.builder().since(time).since((Instant) null).get("since"));
    assertEquals("", BcdaClient.builder().until(elsewhere).until((OffsetDateTime) null).get("until"));
  }

  @Test
  void anItemOfAListMayHoldAComma() {
    assertEquals("Patient,Coverage", BcdaClient.builder().types("Patient", "Coverage").get("types"));
    assertEquals("[\"a,b\"]", BcdaClient.builder().allowedOrigins("a,b").get("allowed_origins"));
    assertEquals("[\"a,b\",\"c\"]", BcdaClient.builder().allowedOrigins("a,b", "c").get("allowed_origins"));
    assertEquals("a,b", BcdaClient.builder().set("allowed_origins", "[\"a\",\"b\"]").get("allowed_origins"));
    assertEquals("", BcdaClient.builder().allowedOrigins().get("allowed_origins"));
    assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().types("Patient", "").get("types"));
  }

  @Test
  void aTextOfJsonIsASource() {
    BcdaClient.Builder builder = BcdaClient.builder().parallel(3).configJson("{\"parallel\": 9, \"types\": [\"Patient\"]}");
    assertEquals("3", builder.get("parallel"));
    assertEquals("Patient", builder.get("types"));
    assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().configJson("[]").get("types"));
    assertThrows(NullPointerException.class, () -> BcdaClient.builder().configJson(null));
  }

  @Test
  void sourcesInTheirOrder(@TempDir Path dir) throws Exception {
    Path file = Files.writeString(dir.resolve("bcda.json"), "{\"user_agent\": \"of the file\", \"parallel\": \"9\"}");
    BcdaClient.Builder builder = BcdaClient.builder().parallel(3).configFile(file).environment();
    assertEquals("3", builder.get("parallel"));
    assertEquals("of the file", builder.get("user_agent"));
    assertEquals("11", builder.get("retries"), "of the environment, which pom.xml sets");
  }

  @Test
  void optionsOfTheSandbox() {
    assertTrue(Sandbox.options().size() > 10);
    Sandbox.Option beneficiaries =
        Sandbox.options().stream().filter(row -> row.name().equals("beneficiaries")).findFirst().orElseThrow();
    assertEquals("1000", beneficiaries.defaultValue());
    assertFalse(beneficiaries.help().isEmpty());
    try (Sandbox sandbox = Sandbox.builder().option("tls", "false").start()) {
      assertTrue(sandbox.url().startsWith("http://"));
      assertEquals(null, sandbox.caFile());
      assertTrue(sandbox.json().contains(sandbox.clientId()));
      assertFalse(sandbox.toString().contains(sandbox.clientSecret()));
    }
  }

  @Test
  void aSandboxThatIsToldToMisbehave() throws Exception {
    try (Sandbox sandbox = Sandbox.start();
        BcdaClient client = Trials.client(sandbox).retries(0).build()) {
      sandbox.control("fault", "status=503:on=GET /api/v1/metadata:count=1");
      assertThrows(BcdaException.class, client::metadata);
      assertTrue(client.metadata().startsWith("{"));
      assertEquals(2, sandbox.requestCount("GET /api/v1/metadata"));
    }
  }
}
