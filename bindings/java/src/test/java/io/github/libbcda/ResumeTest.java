package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** An export that was interrupted goes on. */
class ResumeTest {
  private static final String KICK_OFFS = "GET /api/v1/Patient";

  @TempDir Path dir;

  private interface Check {
    void run(Sandbox sandbox, BcdaClient client, Path claims) throws Exception;
  }

  private interface GoOn {
    ExportResult run(BcdaClient client, Path claims) throws Exception;
  }

  /** Checks after an export of which one of two files failed. */
  private void afterAFailure(Check check) throws Exception {
    Path claims = dir.resolve("claims");
    try (Sandbox sandbox = Trials.sandbox().option("beneficiaries_per_file", "5").option("fault", "flip:count=1").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertThrows(BcdaException.Decryption.class, () -> client.export(Trials.patients(claims).build()));
      check.run(sandbox, client, claims);
    }
  }

  private void expectOnlyTheRest(GoOn goOn) throws Exception {
    afterAFailure(
        (sandbox, client, claims) -> {
          long kickOffs = sandbox.requestCount(KICK_OFFS);
          long downloads = sandbox.requestCount("GET /data/");
          String before = Bcda.directoryStatus(claims);
          assertTrue(before.contains("\"state\":\"unfinished\""), before);
          assertTrue(before.contains("\"types\":[\"Patient\"]"), before);
          assertTrue(before.contains("\"published\":1"), before);
          ExportResult result = goOn.run(client, claims);
          assertEquals(2, result.files().size());
          assertEquals(claims, result.directory().orElseThrow());
          assertEquals(2, ExportResult.open(claims).files().size());
          assertEquals(kickOffs, sandbox.requestCount(KICK_OFFS));
          assertEquals(downloads + 1, sandbox.requestCount("GET /data/"));
          assertTrue(Bcda.directoryStatus(claims).contains("\"state\":\"finished\""));
        });
  }

  @Test
  void resumed() throws Exception {
    expectOnlyTheRest((client, claims) -> client.resume(claims));
  }

  @Test
  void resumedInTheBackground() throws Exception {
    ExportRequest request = ExportRequest.builder().parallel(2).build();
    expectOnlyTheRest((client, claims) -> client.resumeAsync(claims, request).get());
  }

  @Test
  void theSameExportAgain() throws Exception {
    expectOnlyTheRest((client, claims) -> client.export(Trials.patients(claims).build()));
  }

  @Test
  void aFinishedExportIsItsResult() throws Exception {
    afterAFailure(
        (sandbox, client, claims) -> {
          client.resume(claims);
          long requests = sandbox.requestCount("");
          ExportResult result = client.resume(claims);
          assertEquals(2, result.files().size());
          assertEquals(claims, result.directory().orElseThrow());
          assertEquals(requests, sandbox.requestCount(""));
        });
  }

  @Test
  void otherSettingsAreNamed() throws Exception {
    afterAFailure(
        (sandbox, client, claims) -> {
          ExportRequest other = Trials.patients(claims).types("Coverage").build();
          for (Executable call : new Executable[] {() -> client.export(other), () -> client.resume(claims, other)}) {
            BcdaException.Filesystem error = assertThrows(BcdaException.Filesystem.class, call);
            assertTrue(error.getMessage().contains("types"), error.getMessage());
          }
          ExportRequest toSink = ExportRequest.builder().sink((name, type) -> null).build();
          assertThrows(BcdaException.InvalidArgument.class, () -> client.resume(claims, toSink));
        });
  }

  @Test
  void nothingToGoOnWith() throws Exception {
    Path empty = Files.createDirectory(dir.resolve("empty"));
    assertTrue(Bcda.directoryStatus(empty).contains("\"state\":\"none\""));
    assertThrows(BcdaException.Filesystem.class, () -> Bcda.directoryStatus(dir.resolve("nowhere")));
    afterAFailure(
        (sandbox, client, claims) -> {
          BcdaException.Filesystem error = assertThrows(BcdaException.Filesystem.class, () -> client.resume(empty));
          assertTrue(error.getMessage().contains("holds no unfinished export"), error.getMessage());
        });
  }
}
