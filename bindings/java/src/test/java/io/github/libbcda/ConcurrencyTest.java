package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many clients and many runs at once. */
class ConcurrencyTest {
  private static final int CLIENTS = 6;
  private static final int EXPORTS = 4;

  @TempDir Path dir;

  @Test
  void manyClientsAndExports() throws Exception {
    List<BcdaClient> clients = new ArrayList<>();
    try (Sandbox sandbox = Trials.sandbox().start()) {
      List<BcdaFuture<ExportResult>> runs = new ArrayList<>();
      for (int number = 0; number < CLIENTS; number++) {
        BcdaClient client = Trials.client(sandbox).build();
        clients.add(client);
        for (int export = 0; export < EXPORTS; export++) {
          runs.add(client.exportAsync(Trials.patients(dir.resolve(number + "-" + export)).build()));
        }
      }
      for (CompletableFuture<ExportResult> run : runs) {
        assertEquals(10, run.get().files().get(0).records());
      }
    } finally {
      clients.forEach(BcdaClient::close);
    }
  }

  @Test
  void oneClientOnManyThreads() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      exportAndCount(client, dir.resolve("first")); // gets the token
      List<Future<Long>> counts =
          IntStream.range(0, CLIENTS)
              .mapToObj(number -> threads.submit(() -> exportAndCount(client, dir.resolve("" + number))))
              .toList();
      for (Future<Long> count : counts) {
        assertEquals(10, count.get());
      }
      assertEquals(1, sandbox.requestCount("POST /auth/token"));
    } finally {
      threads.shutdown();
    }
  }

  private static long exportAndCount(BcdaClient client, Path out) throws InterruptedException {
    ExportResult result = client.export(Trials.patients(out).build());
    try (Stream<String> records = result.records("Patient")) {
      return records.count();
    }
  }

  @Test
  void manyAreCanceledAtOnce() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      List<BcdaFuture<ExportResult>> runs =
          IntStream.range(0, CLIENTS)
              .mapToObj(number -> client.exportAsync(Trials.patients(dir.resolve("" + number)).build()))
              .toList();
      runs.forEach(run -> run.cancel(false));
      runs.forEach(Trials::awaitEnd);
      assertTrue(runs.stream().allMatch(CompletableFuture::isCancelled));
    }
  }
}
