package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Closing, forgetting, and using what is closed. */
class LifeTest {
  @TempDir Path dir;

  @Test
  void closingTwiceAndUsingAfterwards() throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{}\n");
    Sandbox sandbox = Trials.sandbox().start();
    BcdaClient client = Trials.client(sandbox).build();
    RecordReader reader = RecordReader.open(file);
    for (AutoCloseable each : List.of(reader, client, sandbox)) {
      each.close();
      each.close();
    }
    assertEquals(0, Native.live_handles());
    List<Executable> uses =
        List.of(
            () -> client.export(Trials.nothing()),
            () -> client.exportAsync(Trials.nothing()),
            () -> client.manifest(Trials.nothing()),
            () -> client.fetch(new Manifest("{}"), Trials.nothing()),
            client::metadata,
            sandbox::url,
            () -> sandbox.requestCount("GET"),
            () -> sandbox.control("fault", "none"),
            reader::next,
            reader::line);
    for (Executable use : uses) {
      assertTrue(assertThrows(IllegalStateException.class, use).getMessage().contains("closed"));
    }
  }

  @Test
  void theNullAddressIsNoHandle() {
    assertThrows(IllegalStateException.class, () -> Native.run_cancel(0));
    assertThrows(IllegalStateException.class, () -> Native.reader_next(0));
    Native.run_destroy(0);
  }

  @Test
  void aRunGoesOnWithoutItsClient() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("job_time", "300ms").start()) {
      CompletableFuture<ExportResult> run;
      try (BcdaClient client = Trials.client(sandbox).build()) {
        run = client.exportAsync(Trials.patients(dir.resolve("claims")).build());
      }
      assertEquals(1, run.get().files().size());
    }
  }

  @Test
  void closingUnderAnotherThreadsHands() throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{}\n".repeat(1000));
    for (int round = 0; round < 20; round++) {
      RecordReader reader = RecordReader.open(file);
      CountDownLatch reading = new CountDownLatch(1);
      AtomicInteger refused = new AtomicInteger();
      Thread thread =
          new Thread(
              () -> {
                try {
                  while (true) { // on, past the end
                    reader.next();
                    reading.countDown();
                  }
                } catch (IllegalStateException closed) {
                  refused.incrementAndGet();
                }
              });
      thread.start();
      reading.await();
      reader.close();
      thread.join();
      assertEquals(1, refused.get());
    }
  }

  @Test
  void whatIsForgottenIsClosed() throws Exception {
    forget();
    Instant limit = Instant.now().plus(Duration.ofSeconds(60));
    while (Native.live_handles() > 0 && Instant.now().isBefore(limit)) {
      System.gc();
      Thread.onSpinWait();
    }
    assertEquals(0, Native.live_handles());
  }

  private void forget() throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{}\n");
    List<Object> kept = new ArrayList<>();
    Sandbox sandbox = Trials.sandbox().start();
    kept.add(sandbox);
    kept.add(Trials.client(sandbox).build());
    kept.add(RecordReader.open(file));
    kept.add(Table.open(file, "claim").reader());
    assertEquals(5, Native.live_handles()); // two of the table: its names and paths, and what they open
  }

  @Test
  void anIteratorThatOutlivesItsStreamDoesNotPassForTheEnd() throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{}\n".repeat(100));
    for (int read : new int[] {0, 2, 100}) {
      Stream<byte[]> records = twice(file, 100);
      Iterator<byte[]> iterator = records.iterator();
      for (int i = 0; i < read; i++) {
        iterator.next();
      }
      records.close();
      assertThrows(IllegalStateException.class, () -> iterator.forEachRemaining(record -> {}));
    }
  }

  @Test
  void closingAStreamWaitsForNoConsumer() throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{}\n{}\n");
    Stream<byte[]> records = twice(file, 2);
    List<Boolean> closed = new ArrayList<>();
    assertThrows(IllegalStateException.class, () -> records.forEach(record -> closed.add(closesElsewhere(records))));
    assertEquals(List.of(true), closed);
  }

  private static boolean closesElsewhere(Stream<?> records) {
    try {
      CompletableFuture.runAsync(records::close).get(10, TimeUnit.SECONDS);
      return true;
    } catch (Exception waits) {
      return false;
    }
  }

  @Test
  void aStreamAfterItsEnd() throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{}\n{}\n");
    Stream<byte[]> records = twice(file, 2);
    assertEquals(4, records.count());
    records.close();
    records.close();
  }

  private static Stream<byte[]> twice(Path path, long records) {
    ExportedFile file = new ExportedFile("Patient", path, "", path.toFile().length(), records, "", true, false, "data", "gcm");
    return RecordStream.of(List.of(file, file), record -> record);
  }
}
