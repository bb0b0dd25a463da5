package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What goes wrong, and how it is told: the class, the message, the fields; and that no secret is ever in them. */
class ErrorsTest {
  private static final String SECRET = "hunter2-is-the-secret";

  @TempDir Path dir;

  static Stream<Status> failures() {
    return EnumSet.complementOf(EnumSet.of(Status.OK, Status.AGAIN, Status.END)).stream();
  }

  @ParameterizedTest
  @MethodSource("failures")
  void everyFailureHasAClassOfItsName(Status status) {
    BcdaException made =
        BcdaException.make(
            status.number(), Utf8.encode("message"), 503, Utf8.encode("words of J. Doe"), Utf8.encode("f"), true, 1500);
    assertEquals(status.name().replace("_", ""), made.getClass().getSimpleName().toUpperCase(Locale.ROOT));
    assertEquals(status, made.code());
    assertEquals("message", made.getMessage());
    assertEquals(OptionalInt.of(503), made.httpStatus());
    assertEquals("words of J. Doe", made.outcome());
    assertEquals(Optional.of("f"), made.file());
    assertTrue(made.retriable());
    assertEquals(Optional.of(Duration.ofMillis(1500)), made.retryAfter());
    assertFalse(made.toString().contains("Doe"));
    BcdaException again = made.again();
    assertSame(made.getClass(), again.getClass());
    assertSame(made, again.getCause());
    assertEquals("words of J. Doe", again.outcome());
  }

  @Test
  void noClassIsWithoutAStatus() {
    assertEquals(failures().count(), BcdaException.class.getPermittedSubclasses().length);
    assertTrue(Arrays.stream(Status.values()).allMatch(status -> Status.of(status.number()) == status));
  }

  @Test
  void fieldsThatSayNothing() {
    BcdaException made = BcdaException.make(1, new byte[0], 0, new byte[0], new byte[0], false, -1);
    assertEquals(OptionalInt.empty(), made.httpStatus());
    assertEquals("", made.outcome());
    assertEquals(Optional.empty(), made.file());
    assertEquals(Optional.empty(), made.retryAfter());
    assertEquals(Optional.empty(), made.verified());
  }

  @Test
  void survivesSerialization() throws Exception {
    BcdaException made = BcdaException.make(10, Utf8.encode("m"), 0, Utf8.encode("19990000000027"), new byte[0], true, -1);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ObjectOutputStream(bytes).writeObject(made);
    Object read = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
    assertEquals("m", assertInstanceOf(BcdaException.Network.class, read).getMessage());
    assertTrue(((BcdaException) read).retriable());
    assertEquals("", ((BcdaException) read).outcome());
    assertFalse(bytes.toString(StandardCharsets.ISO_8859_1).contains("19990000000027"));
  }

  // ---- What the service does wrong ----

  @ParameterizedTest
  @CsvSource({
    "flip,DECRYPTION,GCM tag",
    "wrong-label,DECRYPTION,renamed",
    "truncate,NETWORK,",
    "not-json,PROTOCOL,",
    "job-fails,JOB_FAILED,",
    "job-expires,JOB_GONE,",
    "no-location,PROTOCOL,Content-Location",
    "other-origin=https://elsewhere.example,PROTOCOL,allowed_origins",
    "status=500:on=POST /auth/token,REFUSED,",
    "huge-header=100KiB:on=GET /api/v1/jobs,LIMIT,max_header_bytes",
  })
  void whatTheServiceDoesWrong(String fault, Status status, String says) throws Exception {
    try (Sandbox sandbox = Trials.sandbox().fault(fault).start();
        BcdaClient client = Trials.client(sandbox).retries(1).build()) {
      Path out = dir.resolve("claims");
      BcdaException error =
          assertThrows(BcdaException.class, () -> client.export(Trials.patients(out).build()));
      assertEquals(status, error.code(), error::getMessage);
      assertTrue(says == null || error.getMessage().contains(says), error::getMessage);
      assertFalse(Files.exists(out.resolve("export.json")));
      assertTrue(error.verified().orElseThrow().files().isEmpty());
      assertInstanceOf(error.getClass(), error.getCause(), "the run's own thread is told, too");
      assertFalse(stackTrace(error).contains(sandbox.clientSecret()));
    }
  }

  private static String stackTrace(Throwable error) {
    StringWriter text = new StringWriter();
    error.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  @Test
  void filesThatWereVerifiedBeforeAFailure() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("beneficiaries_per_file", "5").fault("flip:count=1").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExecutionException failed =
          assertThrows(
              ExecutionException.class, () -> client.exportAsync(Trials.patients(dir.resolve("claims")).build()).get());
      BcdaException.Decryption error = assertInstanceOf(BcdaException.Decryption.class, failed.getCause());
      ExportResult verified = error.verified().orElseThrow();
      assertEquals(1, verified.files().size());
      assertTrue(error.file().isPresent());
      try (Stream<String> records = verified.records("Patient")) {
        assertEquals(5, records.count());
      }
    }
  }

  @Test
  void whatAFailedExportWasOfferedCanBeFetched() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("beneficiaries_per_file", "5").fault("flip:count=1").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaException error =
          assertThrows(
              BcdaException.Decryption.class, () -> client.export(Trials.patients(dir.resolve("claims")).build()));
      long kickOffs = sandbox.requestCount("GET /api/v1/Patient");
      Manifest manifest = error.verified().flatMap(ExportResult::manifest).orElseThrow();
      long downloads = sandbox.requestCount("GET /data");
      ExportResult fetched = client.fetch(manifest, Trials.patients(dir.resolve("claims")).build()); // the missing one
      assertEquals(downloads + 1, sandbox.requestCount("GET /data"));
      assertEquals(2, fetched.files().size());
      assertEquals(kickOffs, sandbox.requestCount("GET /api/v1/Patient"));
      assertEquals(Optional.empty(), fetched.manifest());
      assertEquals(2, ExportResult.open(dir.resolve("claims")).files().size());
    }
  }

  @Test
  void refusedCredentials() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).clientSecret(SECRET).build()) {
      BcdaException.Authentication error =
          assertThrows(
              BcdaException.Authentication.class, () -> client.export(Trials.patients(dir.resolve("claims")).build()));
      assertEquals(OptionalInt.of(401), error.httpStatus());
      assertEquals(3, error.code().exitCode());
      assertFalse(error.retriable());
      assertFalse(stackTrace(error).contains(SECRET));
    }
  }

  @Test
  void theServicesWordsAreKeptApart() throws Exception {
    String words = "Error retrieving Patient for beneficiary 19990000000027";
    HttpServer service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    service.createContext("/", exchange -> answer(exchange, 404, OUTCOME.formatted(words)));
    service.start();
    try (BcdaClient client =
        BcdaClient.builder()
            .url("http://localhost:" + service.getAddress().getPort())
            .profile(ClientSettings.Profile.BCDA_2019)
            .retries(0)
            .build()) {
      BcdaException.Refused error = assertThrows(BcdaException.Refused.class, client::metadata);
      assertEquals(words, error.outcome());
      assertFalse(stackTrace(error).contains("retrieving"));
      assertEquals(OptionalInt.of(404), error.httpStatus());
    } finally {
      service.stop(0);
    }
  }

  private static final String OUTCOME =
      "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"Error\",\"details\":{\"text\":\"%s\"}}]}";

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, body.length());
      exchange.getResponseBody().write(Utf8.encode(body));
    }
  }

  @Test
  void whenToTryAgain() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().fault("status=503:on=GET /api/v1/metadata:retry_after=7").start();
        BcdaClient client = Trials.client(sandbox).retries(0).build()) {
      BcdaException error = assertThrows(BcdaException.class, client::metadata);
      assertTrue(error.retriable());
      assertEquals(Optional.of(Duration.ofSeconds(7)), error.retryAfter());
    }
  }

  @Test
  void anUnreachableService() throws Exception {
    try (BcdaClient client = BcdaClient.builder().url("http://localhost:1").retries(0).build()) {
      BcdaException.Network error = assertThrows(BcdaException.Network.class, client::metadata);
      assertTrue(error.retriable());
      assertEquals(1, error.code().exitCode());
    }
  }

  @Test
  void aDeadline() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportRequest request = Trials.patients(dir.resolve("claims")).timeout(Duration.ofMillis(200)).build();
      assertThrows(BcdaException.Timeout.class, () -> client.export(request));
    }
  }

  // ---- What happens to files ----

  /** One file of ten patients, and what became of it. */
  private void expectAltered(String says, UnaryOperator<String> change) throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(dir.resolve("claims")).build());
      Path file = result.files().get(0).path();
      Files.writeString(
          file, change.apply(Files.readString(file, StandardCharsets.ISO_8859_1)), StandardCharsets.ISO_8859_1);
      try (Stream<String> records = result.records("Patient")) {
        BcdaException.Verification error = assertThrows(BcdaException.Verification.class, () -> records.forEach(text -> {}));
        assertTrue(error.getMessage().contains(says), error.getMessage());
        assertEquals(Optional.of(file.toString()), error.file());
      }
    }
  }

  @Test
  void aFileThatWasCut() throws Exception {
    expectAltered("bytes now, and had", text -> text.substring(0, text.indexOf('\n') + 1));
    Files.delete(dir.resolve("claims/export.json"));
    Files.delete(Files.newDirectoryStream(dir.resolve("claims"), "Patient*").iterator().next());
    expectAltered("bytes now, and had", text -> text.substring(0, text.length() - 40));
  }

  @Test
  void aFileWhoseLinesWereJoined() throws Exception {
    expectAltered("holds 9 records now, and held 10", text -> text.replaceFirst("\n", " "));
  }

  @Test
  void aFileThatIsNoLongerUtf8() throws Exception {
    expectAltered("line 1 is not UTF-8", text -> "\u00FF" + text.substring(1));
  }

  // ---- What the caller does wrong ----

  @Test
  void pathsOfOtherFileSystems() throws Exception {
    URI zip = URI.create("jar:" + dir.resolve("a.zip").toUri());
    try (FileSystem other = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path path = other.getPath("/claims");
      assertThrows(BcdaException.InvalidArgument.class, () -> ExportRequest.builder().out(path));
      assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().configFile(path));
      assertThrows(BcdaException.InvalidArgument.class, () -> RecordReader.open(path));
      DecryptRequest request = DecryptRequest.builder(path, dir.resolve("plain")).key("00").build();
      assertThrows(BcdaException.InvalidArgument.class, () -> Vectors.decryptor().decrypt(request));
    }
  }

  @Test
  void durationsThatAreNone() {
    ExportRequest.Builder builder = ExportRequest.builder();
    assertThrows(BcdaException.InvalidArgument.class, () -> builder.timeout(Duration.ofNanos(-1)));
    BcdaException.InvalidArgument error =
        assertThrows(BcdaException.InvalidArgument.class, () -> builder.timeout(Duration.ofSeconds(Long.MAX_VALUE)));
    assertTrue(error.getMessage().startsWith("timeout: "));
  }

  @Test
  void arguments() {
    BcdaException.InvalidArgument unknown =
        assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().set("client_ids", "x").build());
    assertTrue(unknown.getMessage().contains("client_id"));
    assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().url("nowhere").build());
    assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().parallel(1000).build());
    assertThrows(BcdaException.InvalidArgument.class, () -> Sandbox.builder().fault("surprise").start());
    try (BcdaClient client = BcdaClient.builder().url("https://localhost").build()) {
      assertThrows(BcdaException.InvalidArgument.class, () -> client.fetch(new Manifest("{}"), "", Trials.nothing()));
    }
    assertThrows(BcdaException.InvalidArgument.class, () -> BcdaDecryptor.builder().set("durability", "x").build());
    assertThrows(
        BcdaException.PrivateKey.class,
        () -> BcdaClient.builder().url("https://localhost").privateKeyPem("no key " + SECRET).build());
    assertThrows(BcdaException.Filesystem.class, () -> RecordReader.open(dir.resolve("missing")));
  }

  @Test
  void whatIsNullIsNamed() throws Exception {
    expectNull("path", () -> RecordReader.open(null));
    expectNull("path", () -> ExportResult.open(null));
    expectNull("path", () -> BcdaClient.builder().configFile(null));
    expectNull("json", () -> new Manifest(null));
    expectNull("name", () -> Bcda.setting(null));
    expectNull("name", () -> BcdaClient.builder().get(null));
    expectNull("name", () -> BcdaClient.builder().set(null, "x"));
    expectNull("name", () -> BcdaClient.builder().supply(null, () -> "x"));
    expectNull("value", () -> BcdaClient.builder().supply("client_secret", null));
    expectNull("listener", () -> ExportRequest.builder().onEvent(null));
    expectNull("types", () -> ExportRequest.builder().types((String) null));
    expectNull("types", () -> ExportRequest.builder().types("Patient", null));
    expectNull("encrypted", () -> DecryptRequest.builder(null, dir));
    expectNull("output", () -> DecryptRequest.builder(dir, null));
    expectNull("name", () -> Sandbox.builder().option(null, "x"));
    expectNull("value", () -> Sandbox.builder().fault(null));
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      expectNull("name", () -> sandbox.control(null, "x"));
      expectNull("value", () -> sandbox.control("fault", null));
      expectNull("prefix", () -> sandbox.requestCount(null));
      expectNull("file", () -> client.fetch(new Manifest("{}"), null, Trials.nothing()));
      ExportResult result = client.export(Trials.patients(dir.resolve("claims")).build());
      expectNull("type", () -> result.records(null));
      expectNull("type", () -> result.rawRecords(null));
    }
  }

  private static void expectNull(String name, Executable call) {
    assertEquals(name, assertThrows(NullPointerException.class, call, name).getMessage());
  }

  @Test
  void anOccupiedDirectory() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportRequest request = Trials.patients(dir.resolve("claims")).build();
      client.export(request);
      BcdaException error = assertThrows(BcdaException.class, () -> client.exportAsync(request));
      assertTrue(error.getMessage().contains("claims"));
      assertNotEquals(Status.OK, error.code());
    }
  }

  @Test
  void aListenerThatThrows() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      ArithmeticException own = new ArithmeticException("of the listener");
      ExportRequest request =
          Trials.patients(dir.resolve("claims"))
              .onEvent(
                  event -> {
                    throw own;
                  })
              .build();
      assertSame(own, assertThrows(ArithmeticException.class, () -> client.export(request)));
    }
  }
}
