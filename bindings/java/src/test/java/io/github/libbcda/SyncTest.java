package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A series of exports. */
class SyncTest {
  private static ExportRequest into(Path series) {
    return ExportRequest.builder().out(series).build();
  }

  @Test
  void theNextRunAsksForWhatHasChanged(@TempDir Path dir) throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("profile", "bcda-v3").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult first = client.sync(into(dir.resolve("series")));
      assertFalse(first.receipt().contains("\"since\""));
      ExportResult second = client.syncAsync(into(dir.resolve("series"))).get();
      assertTrue(second.receipt().contains("\"since\":\"" + first.transactionTime().orElseThrow().toString().substring(0, 10)));
      assertTrue(second.files().isEmpty());
      assertEquals(Optional.of(dir.resolve("series")), first.directory().map(Path::getParent));
      assertTrue(Files.exists(first.directory().orElseThrow().resolve("export.json")));
      assertEquals(List.of(), first.deleted());
    }
  }

  @Test
  void aServiceWithoutDataIsNoFailure(@TempDir Path dir) throws Exception {
    String fault = "status=404:on=GET /api/v3/Group:body={\"resourceType\":\"OperationOutcome\"}";
    try (Sandbox sandbox = Trials.sandbox().option("profile", "bcda-v3").option("fault", fault).start();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertEquals(Optional.empty(), client.sync(into(dir.resolve("series"))).directory());
      assertFalse(Files.exists(dir.resolve("series")));
    }
  }

  @Test
  void aSinkIsRefused() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("profile", "bcda-v3").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportRequest request = ExportRequest.builder().sink((name, type) -> null).build();
      assertThrows(BcdaException.InvalidArgument.class, () -> client.sync(request));
    }
  }

  @Test
  void deletedResourcesAreATypedList(@TempDir Path dir) throws Exception {
    Files.createDirectory(dir.resolve("deleted"));
    String bundle =
        "{\"resourceType\":\"Bundle\",\"entry\":[{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/-1.a\"}}]}\n";
    Files.writeString(dir.resolve("deleted/a.ndjson"), bundle);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(bundle.getBytes(StandardCharsets.UTF_8));
    Files.writeString(
        dir.resolve("export.json"),
        """
        {"transactionTime":"2026-01-01T00:00:00Z","started":"2026-01-01T00:00:00Z",
        "finished":"2026-01-01T00:00:00Z","files":[],"errors":[],"deleted":[{"type":"Bundle","path":"deleted/a.ndjson",
        "bytes":1,"records":1,"sha256":"%s","decrypted":false,"url":"https://h/a"}]}"""
            .formatted(HexFormat.of().formatHex(digest)));
    assertEquals(List.of(new DeletedResource("Patient", "-1.a")), ExportResult.open(dir).deleted());
  }
}
