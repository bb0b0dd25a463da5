package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs against the sandbox, over TLS. */
class ExportTest {
  @TempDir Path dir;

  @Test
  void fromCredentialsToVerifiedFiles() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      Path out = dir.resolve("claims");
      ExportResult result = client.export(Trials.patients(out).types("Patient", "Coverage").build());
      assertEquals(Set.of("Patient", "Coverage"), result.files().stream().map(ExportedFile::type).collect(Collectors.toSet()));
      assertEquals(List.of(), result.errorFiles());
      assertTrue(result.transactionTime().isPresent());
      assertTrue(result.elapsed().compareTo(Duration.ZERO) > 0);
      assertEquals(Files.readString(out.resolve("export.json")).strip(), result.receipt().strip());
      assertTrue(result.receipt().contains("\"transactionTime\""));
      for (ExportedFile file : result.files()) {
        expectOnDisk(file);
      }
    }
  }

  private static void expectOnDisk(ExportedFile file) throws Exception {
    byte[] content = Files.readAllBytes(file.path());
    assertEquals(content.length, file.bytes());
    assertEquals(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)), file.sha256());
    assertEquals(Files.lines(file.path()).filter(line -> !line.isBlank()).count(), file.records());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file.path())));
    assertTrue(file.decrypted());
    assertFalse(file.error());
    assertTrue(file.url().startsWith("https://localhost:"));
    assertFalse(file.toString().contains(file.url()));
  }

  @Test
  void anEarlierExportIsOpenedAgain() throws Exception {
    Path out = dir.resolve("claims");
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(out).build());
      ExportResult opened = ExportResult.open(out);
      assertEquals(result.files(), opened.files());
      assertEquals(result.transactionTime(), opened.transactionTime());
      assertEquals(result.elapsed(), opened.elapsed());
      assertEquals(result.receipt(), opened.receipt());
      assertEquals(List.of("Patient"), result.types());
      assertEquals(result.types(), opened.types());
      assertTrue(result.manifest().isPresent());
      assertEquals(Optional.empty(), opened.manifest());
      try (Stream<String> records = opened.records("Patient")) {
        assertEquals(10, records.count());
      }
    }
    assertThrows(BcdaException.Filesystem.class, () -> ExportResult.open(dir));
    Files.writeString(dir.resolve("export.json"), "{}");
    assertThrows(BcdaException.Filesystem.class, () -> ExportResult.open(dir));
  }

  @Test
  void recordsOfAllFilesOfAType() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("beneficiaries_per_file", "4").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(dir.resolve("claims")).build());
      assertEquals(3, result.files().size());
      List<String> lines = new ArrayList<>();
      for (ExportedFile file : result.files()) {
        lines.addAll(Files.readAllLines(file.path()));
      }
      try (Stream<String> records = result.records("Patient")) {
        assertEquals(lines, records.toList());
      }
      try (Stream<byte[]> records = result.rawRecords("Patient")) {
        assertEquals(lines, records.map(Utf8::decode).toList());
      }
    }
  }

  @Test
  void recordsOfATypeOfWhichThereIsNothing() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult exported = client.export(Trials.patients(dir.resolve("claims")).types("Patient", "Coverage").build());
      for (ExportResult result : List.of(exported, ExportResult.open(dir.resolve("claims")))) {
        BcdaException.InvalidArgument typo =
            assertThrows(BcdaException.InvalidArgument.class, () -> result.records("patient"));
        assertTrue(typo.getMessage().endsWith("\"patient\"; it has Coverage, Patient"), typo.getMessage());
        assertThrows(BcdaException.InvalidArgument.class, () -> result.rawRecords("ExplanationOfBenefit"));
      }
      ExportRequest fetching = Trials.patients(dir.resolve("fetched")).build();
      ExportResult fetched = client.fetch(client.manifest(ExportRequest.builder().types("Patient").build()), fetching);
      BcdaException.InvalidArgument typo =
          assertThrows(BcdaException.InvalidArgument.class, () -> fetched.records("Patiant"));
      assertTrue(typo.getMessage().endsWith("no resource type \"Patiant\"; it has Patient"), typo.getMessage());
      sandbox.control("fault", "job-fails");
      BcdaException failed =
          assertThrows(BcdaException.class, () -> client.export(Trials.patients(dir.resolve("failed")).build()));
      ExportResult nothing = failed.verified().orElseThrow();
      expectNoRecords(nothing, "Patient");
      assertThrows(BcdaException.InvalidArgument.class, () -> nothing.records("Coverage"));
    }
  }

  private static void expectNoRecords(ExportResult result, String type) {
    try (Stream<String> records = result.records(type)) {
      assertEquals(0, records.count());
    }
  }

  @Test
  void aStreamThatIsLeftEarlyIsClosed() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(dir.resolve("claims")).build());
      int before = Native.live_handles();
      try (Stream<String> records = result.records("Patient")) {
        assertTrue(records.findFirst().orElseThrow().startsWith("{"));
        assertEquals(before + 1, Native.live_handles());
      }
      assertEquals(before, Native.live_handles());
    }
  }

  @Test
  void eventsComeInOrder() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      List<ExportEvent> events = new ArrayList<>();
      Set<Thread> threads = Collections.synchronizedSet(new HashSet<>());
      ExportResult result =
          client.export(
              Trials.patients(dir.resolve("claims"))
                  .onEvent(
                      event -> {
                        events.add(event);
                        threads.add(Thread.currentThread());
                      })
                  .build());
      assertEquals(
          List.of("authenticating", "kick-off", "waiting", "downloading", "finished"),
          events.stream().filter(event -> event.kind() == ExportEvent.Kind.STATE).map(ExportEvent::text).toList());
      assertTrue(
          events.stream().map(ExportEvent::kind).collect(Collectors.toCollection(TreeSet::new))
              .containsAll(EnumSet.of(ExportEvent.Kind.JOB, ExportEvent.Kind.MANIFEST, ExportEvent.Kind.FILE)));
      ExportEvent file = events.stream().filter(event -> event.kind() == ExportEvent.Kind.FILE).findFirst().orElseThrow();
      ExportedFile expected = result.files().get(0);
      assertEquals(expected.path(), Path.of(file.file()));
      assertEquals(expected.bytes(), file.bytesDone());
      assertEquals("Patient", file.type());
      assertEquals(-1, file.waitMillis());
      ExportEvent last = events.get(events.size() - 1);
      assertEquals(ExportEvent.Kind.FINISHED, last.kind());
      assertEquals(Status.OK, last.status());
      assertTrue(last.json().startsWith("{") && last.json().endsWith("}"));
      Thread thread = threads.iterator().next();
      assertEquals(1, threads.size());
      assertTrue(thread.isDaemon());
      assertNotEquals(Thread.currentThread(), thread);
    }
  }

  @Test
  void everyKindOfEventHasItsName() throws Exception {
    String header = Files.readString(Trials.REPOSITORY.resolve("capi/include/bcda/bcda.h"));
    List<String> names =
        Pattern.compile("BCDA_EVENT_(\\w+) = \\d+").matcher(header).results().map(found -> found.group(1)).toList();
    assertEquals(names, Stream.of(ExportEvent.Kind.values()).map(Enum::name).toList());
  }

  @Test
  void manifestThenFetch() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("beneficiaries_per_file", "4").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      Manifest manifest = client.manifest(Trials.nothing());
      assertTrue(manifest.json().contains("\"output\""));
      assertFalse(manifest.toString().contains("http"));
      assertEquals(0, sandbox.requestCount("GET /data"));
      ExportResult all = client.fetch(manifest, Trials.patients(dir.resolve("all")).build());
      assertEquals(3, all.files().size());
      String url = all.files().get(1).url();
      String name = url.substring(url.lastIndexOf('/') + 1);
      ExportResult one = client.fetch(manifest, name, Trials.patients(dir.resolve("one")).build());
      assertEquals(List.of(all.files().get(1).sha256()), one.files().stream().map(ExportedFile::sha256).toList());
      assertEquals(4, sandbox.requestCount("GET /data"));
      ExportRequest again = Trials.patients(dir.resolve("again")).build();
      assertEquals(1, client.fetchAsync(manifest, url, again).get().files().size());
      Manifest second = client.manifestAsync(Trials.nothing()).get();
      ExportRequest two = Trials.patients(dir.resolve("two")).build();
      assertEquals(3, client.fetchAsync(second, two).get().files().size());
    }
  }

  @Test
  void metadata() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertTrue(client.metadata().contains("\"CapabilityStatement\""));
      assertEquals(client.metadata(), client.metadataAsync().get());
      assertEquals(0, sandbox.requestCount("POST /auth/token"));
    }
  }

  @Test
  void whatTheServiceCouldNotExport() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().beneficiaries(40).option("error_rate", "10%").option("era", "oct2019").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(dir.resolve("claims")).build());
      assertEquals(1, result.errorFiles().size());
      ExportedFile errors = result.errorFiles().get(0);
      assertTrue(errors.error());
      assertFalse(result.files().contains(errors));
      try (RecordReader reader = RecordReader.open(errors.path())) {
        assertTrue(Utf8.decode(reader.next()).contains("OperationOutcome"));
      }
      assertTrue(result.partial());
      List<Issue> issues = result.issues();
      assertEquals(errors.records(), issues.stream().mapToLong(Issue::count).sum());
      for (Issue issue : issues) {
        assertEquals("error Exception", issue.severity() + " " + issue.code()); // the service writes "Error"
        assertTrue(issue.text().startsWith("Error retrieving "), issue.text());
        assertFalse(issue.toString().contains(issue.text()));
        assertEquals(Optional.of(errors.path()), issue.file());
      }
      ExportResult opened = ExportResult.open(dir.resolve("claims"));
      assertTrue(opened.partial());
      assertEquals(issues, opened.issues());
    }
  }

  @Test
  void warningsAloneAreNotPartial() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("profile", "bcda-v3").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(dir.resolve("claims")).types("ExplanationOfBenefit").build());
      assertFalse(result.partial());
      assertEquals("[1 warning (processing)]", result.issues().toString());
      assertTrue(result.receipt().contains("\"issues\":{\"warning\":1}"), result.receipt());
    }
  }

  @Test
  void settingsOfTheRequestGoBeforeTheClients() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).types("Coverage").out(dir.resolve("client")).build()) {
      assertEquals("Coverage", client.export(ExportRequest.builder().build()).files().get(0).type());
      assertEquals(
          "Patient", client.export(Trials.patients(dir.resolve("request")).build()).files().get(0).type());
      assertTrue(Files.exists(dir.resolve("client/export.json")));
      assertTrue(Files.exists(dir.resolve("request/export.json")));
    }
  }

  @Test
  void aSecretFromAStoreOfOnesOwn() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start()) {
      List<Thread> asked = new ArrayList<>();
      BcdaClient.Builder builder =
          Trials.client(sandbox)
              .supply(
                  "client_secret",
                  () -> {
                    asked.add(Thread.currentThread());
                    return sandbox.clientSecret();
                  });
      assertEquals(List.of(), asked);
      try (BcdaClient client = builder.build()) {
        assertEquals(1, client.export(Trials.patients(dir.resolve("claims")).build()).files().size());
      }
      assertEquals(List.of(Thread.currentThread()), asked);
      IllegalStateException locked = new IllegalStateException("the store is locked");
      assertEquals(
          locked,
          assertThrows(
              IllegalStateException.class,
              () ->
                  builder
                      .supply(
                          "client_secret",
                          () -> {
                            throw locked;
                          })
                      .build()));
    }
  }

  @Test
  void linesOfAFile() throws Exception {
    Path file = dir.resolve("lines.ndjson");
    Files.writeString(file, "\uFEFF{\"a\":1}\r\n\r\n{\"name\":\"\uD83D\uDC69\"}");
    try (RecordReader reader = RecordReader.open(file)) {
      assertArrayEquals("{\"a\":1}".getBytes(), reader.next());
      assertEquals(1, reader.line());
      assertEquals("{\"name\":\"\uD83D\uDC69\"}", Utf8.decode(reader.next()));
      assertEquals(3, reader.line());
      assertEquals(14, reader.offset()); // after a BOM of three bytes
      assertEquals(null, reader.next());
    }
  }
}
