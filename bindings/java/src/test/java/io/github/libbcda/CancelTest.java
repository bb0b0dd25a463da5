package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cancellation and interruption, at each stage of a run. */
class CancelTest {
  @TempDir Path dir;

  private final CompletableFuture<Void> reached = new CompletableFuture<>();

  @ParameterizedTest
  @EnumSource
  void cancel(Stage stage) throws Exception {
    try (Sandbox sandbox = stage.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<ExportResult> run = client.exportAsync(request(stage));
      reached.get();
      assertTrue(run.cancel(true));
      assertTrue(run.isCancelled());
      assertThrows(CancellationException.class, run::join);
      Trials.awaitEnd(run);
      expectNoClaims();
    }
  }

  @ParameterizedTest
  @EnumSource
  void interrupt(Stage stage) throws Exception {
    try (Sandbox sandbox = stage.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      Thread thread = Thread.currentThread();
      reached.thenRun(thread::interrupt);
      assertThrows(InterruptedException.class, () -> client.export(request(stage)));
      assertFalse(thread.isInterrupted());
      expectNoClaims();
    }
  }

  @Test
  void interruptedBefore() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> client.export(request(Stage.WAITING)));
      expectNoClaims();
    }
  }

  @Test
  void aTimeLimitOfTheFuture() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<ExportResult> run = client.exportAsync(request(Stage.WAITING));
      ExecutionException failed =
          assertThrows(ExecutionException.class, () -> run.orTimeout(50, TimeUnit.MILLISECONDS).get());
      assertInstanceOf(TimeoutException.class, failed.getCause());
      Trials.awaitEnd(run);
    }
  }

  @Test
  void cancelingWhatIsDoneChangesNothing() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      CompletableFuture<String> run = client.metadataAsync();
      String metadata = run.get();
      assertFalse(run.cancel(true));
      assertEquals(metadata, run.get());
    }
  }

  @Test
  void interruptADecryption() throws Exception {
    Path output = dir.resolve("plain");
    try (EndlessFile endless = new EndlessFile(dir.resolve("cipher"))) {
      reached.thenRun(Thread.currentThread()::interrupt); // once: a second one would outlive the wait
      DecryptRequest request = endless.request(output).onProgress((done, total) -> reached.complete(null)).build();
      BcdaDecryptor decryptor = Vectors.decryptor();
      assertThrows(InterruptedException.class, () -> decryptor.decrypt(request));
      assertEquals(List.of("cipher"), names(dir));
    }
  }

  @Test
  void cancelADecryption() throws Exception {
    Path output = dir.resolve("plain");
    try (EndlessFile endless = new EndlessFile(dir.resolve("cipher"))) {
      DecryptRequest request = endless.request(output).onProgress((done, total) -> reached.complete(null)).build();
      BcdaFuture<ExportedFile> run = Vectors.decryptor().decryptAsync(request);
      reached.get();
      assertTrue(run.cancel(true));
      Trials.awaitEnd(run);
      assertEquals(List.of("cipher"), names(dir));
    }
  }

  // ---- User code that does not return ----

  /** Never returns, unless it is interrupted. */
  private void block() {
    reached.complete(null);
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void expectEnd(BcdaFuture<?> run) throws Exception {
    run.ended().get(30, TimeUnit.SECONDS);
  }

  private BcdaFuture<ExportResult> blockedInItsListener(BcdaClient client) throws Exception {
    BcdaFuture<ExportResult> run =
        client.exportAsync(Trials.patients(dir.resolve("claims")).onEvent(event -> block()).build());
    reached.get();
    return run;
  }

  @Test
  void cancelReachesAListenerThatBlocks() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<ExportResult> run = blockedInItsListener(client);
      assertTrue(run.cancel(true));
      expectEnd(run);
      expectNoClaims();
    }
  }

  @Test
  void aTimeLimitReachesAListenerThatBlocks() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<ExportResult> run = blockedInItsListener(client);
      run.completeExceptionally(new TimeoutException()); // as orTimeout does
      expectEnd(run);
    }
  }

  @Test
  void interruptReachesAListenerThatBlocks() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      reached.thenRun(Thread.currentThread()::interrupt);
      ExportRequest request = Trials.patients(dir.resolve("claims")).onEvent(event -> block()).build();
      assertThrows(InterruptedException.class, () -> client.export(request));
      expectNoClaims();
    }
  }

  @Test
  void cancelReachesAProgressListenerThatBlocks() throws Exception {
    try (EndlessFile endless = new EndlessFile(dir.resolve("cipher"))) {
      DecryptRequest request = endless.request(dir.resolve("plain")).onProgress((done, total) -> block()).build();
      BcdaFuture<ExportedFile> run = Vectors.decryptor().decryptAsync(request);
      reached.get();
      assertTrue(run.cancel(true));
      expectEnd(run);
      assertEquals(List.of("cipher"), names(dir));
    }
  }

  @Test
  void aProgressListenerThatThrows() throws Exception {
    try (EndlessFile endless = new EndlessFile(dir.resolve("cipher"))) {
      DecryptRequest request =
          endless
              .request(dir.resolve("plain"))
              .onProgress(
                  (done, total) -> {
                    throw new ArithmeticException();
                  })
              .build();
      assertThrows(ArithmeticException.class, () -> Vectors.decryptor().decrypt(request));
      assertEquals(List.of("cipher"), names(dir));
    }
  }

  private ExportRequest request(Stage stage) {
    return Trials.patients(dir.resolve("claims")).onEvent(Trials.whenIn(stage.state, reached)).build();
  }

  private void expectNoClaims() throws Exception {
    Path out = dir.resolve("claims");
    assertFalse(Files.exists(out.resolve("export.json")));
    if (Files.exists(out)) {
      assertTrue(names(out).stream().noneMatch(name -> name.startsWith("Patient")), () -> out.toString());
    }
  }

  private static List<String> names(Path directory) throws Exception {
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.map(path -> path.getFileName().toString()).toList();
    }
  }

  /** A pipe that gives zeros until it is closed: an encrypted file without an end. */
  private static final class EndlessFile implements AutoCloseable {
    private final Path path;
    private final Thread feeder;

    EndlessFile(Path path) throws Exception {
      this.path = path;
      assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
      feeder = new Thread(this::feed);
      feeder.start();
    }

    DecryptRequest.Builder request(Path output) {
      Vectors.Vector vector = Vectors.named("15bytes-rsa2048");
      return DecryptRequest.builder(path, output).label(vector.filename()).key(vector.encryptedKey());
    }

    private void feed() {
      try (OutputStream end = Files.newOutputStream(path)) {
        byte[] zeros = new byte[1 << 16];
        while (true) {
          end.write(zeros);
        }
      } catch (IOException nobodyReads) {
        // as it has to be
      }
    }

    @Override
    public void close() throws InterruptedException {
      feeder.join();
    }
  }
}
