package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Exports into a destination of one's own. */
class SinkTest {
  @TempDir Path dir;

  /** Keeps what was committed, and fails where it is told to. */
  private static class Memory implements ExportSink {
    final TreeMap<String, byte[]> committed = new TreeMap<>();
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    final Set<Thread> threads = new HashSet<>();
    Step failing;
    Exception failure = new IOException("the disk of the store is full");

    enum Step {
      BEGIN,
      WRITE,
      COMMIT
    }

    void at(Step step) throws Exception {
      threads.add(Thread.currentThread());
      calls.add(step.name());
      if (step == failing) {
        throw failure;
      }
    }

    @Override
    public File begin(String name, String type) throws Exception {
      at(Step.BEGIN);
      assertTrue(name.startsWith(type + "."), name);
      ByteArrayOutputStream content = new ByteArrayOutputStream();
      return new File() {
        @Override
        public void write(byte[] bytes) throws Exception {
          at(Step.WRITE);
          content.write(bytes);
        }

        @Override
        public void commit(long size, String sha256) throws Exception {
          at(Step.COMMIT);
          assertEquals(content.size(), size);
          byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.toByteArray());
          assertEquals(HexFormat.of().formatHex(digest), sha256);
          committed.put(name, content.toByteArray());
        }

        @Override
        public void abort() {
          calls.add("ABORT");
        }
      };
    }

    /** One that also does something at each step. */
    static Memory doing(Act act) {
      return new Memory() {
        @Override
        void at(Step step) throws Exception {
          super.at(step);
          act.at(step);
        }
      };
    }

    interface Act {
      void at(Step step) throws Exception;
    }

    long count(String call) {
      return calls.stream().filter(call::equals).count();
    }
  }

  private static ExportRequest into(ExportSink sink) {
    return Trials.patients(Path.of("not", "looked", "at")).sink(sink).build();
  }

  private static Sandbox sandbox() {
    return Trials.sandbox().option("beneficiaries_per_file", "2").start();
  }

  /** Of several files, each many blocks long. */
  private static Sandbox big() {
    return Trials.sandbox().option("bytes_per_type", "16MiB").option("files_per_type", "4").start();
  }

  /** Progress is reported while a file is under way. */
  private static Sandbox slow() {
    return Trials.sandbox().option("bytes_per_type", "16MiB").option("fault", "drip=1MiB:on=GET /data").start();
  }

  @Test
  void exportAndFetch() throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      Memory exported = new Memory();
      ExportResult result = client.export(into(exported));
      assertEquals(5, result.files().size());
      for (ExportedFile file : result.files()) {
        assertEquals(file.bytes(), exported.committed.get(file.path().toString()).length);
      }
      assertEquals(0, exported.count("ABORT"));
      assertEquals(1, exported.threads.size());
      assertFalse(exported.threads.contains(Thread.currentThread()));

      Memory fetched = new Memory();
      client.fetch(client.manifest(Trials.nothing()), into(fetched));
      assertEquals(5, fetched.committed.size());
      long bytes = result.files().stream().mapToLong(ExportedFile::bytes).sum();
      assertEquals(bytes, fetched.committed.values().stream().mapToLong(file -> file.length).sum());
    }
  }

  @Test
  void whatTheServiceCouldNotExport() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().beneficiaries(40).option("error_rate", "10%").option("era", "oct2019").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      List<String> begun = new ArrayList<>();
      ExportSink sink =
          (name, type) -> {
            begun.add(name.startsWith("error/") + " " + type);
            return new Discarding();
          };
      ExportResult result = client.export(into(sink));
      assertEquals(Set.of("false Patient", "true OperationOutcome"), Set.copyOf(begun));
      assertTrue(result.errorFiles().get(0).path().startsWith("error"));
      assertTrue(result.partial());
      assertTrue(result.issues().get(0).text().startsWith("Error retrieving "));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSinkThatFails(Memory.Step step) throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      Memory sink = new Memory();
      sink.failing = step;
      BcdaException.Sink failed = assertThrows(BcdaException.Sink.class, () -> client.export(into(sink)));
      assertSame(sink.failure, failed.getCause());
      assertInstanceOf(BcdaException.Sink.class, failed.getSuppressed()[0], "of the run's thread");
      assertEquals(0, sink.committed.size());
      long begun = sink.count("BEGIN") - (step == Memory.Step.BEGIN ? sink.count("BEGIN") : 0);
      assertEquals(begun, sink.count("ABORT"));
    }
  }

  /** A file breaks off and its abort fails; when it comes again, so does its write. */
  @Test
  void anAbortThatFailedHidesNothing() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().fault("reset:count=1:on=GET /data").fault("ignore-range").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      IOException write = new IOException("of the write");
      IOException abort = new IOException("of the abort");
      AtomicInteger begun = new AtomicInteger();
      ExportSink sink =
          (name, type) -> {
            int time = begun.incrementAndGet();
            return new Discarding() {
              @Override
              public void write(byte[] bytes) throws Exception {
                if (time > 1) {
                  throw write;
                }
              }

              @Override
              public void abort() throws Exception {
                if (time == 1) {
                  throw abort;
                }
              }
            };
          };
      ExecutionException failed = assertThrows(ExecutionException.class, () -> client.exportAsync(into(sink)).get());
      assertInstanceOf(BcdaException.Sink.class, failed.getCause());
      assertSame(write, failed.getCause().getCause());
      assertEquals(List.of(abort), List.of(failed.getCause().getSuppressed()));
    }
  }

  @Test
  void anAbortThatFailsIsToldBesideWhatTheListenerThrew() throws Exception {
    try (Sandbox sandbox = slow();
        BcdaClient client = Trials.client(sandbox).build()) {
      IOException abort = new IOException("of the abort");
      ArithmeticException own = new ArithmeticException("of the listener");
      AtomicInteger open = new AtomicInteger();
      ExportSink sink =
          (name, type) -> {
            open.incrementAndGet();
            return new Discarding() {
              @Override
              public void commit(long size, String sha256) {
                open.decrementAndGet();
              }

              @Override
              public void abort() throws Exception {
                throw abort;
              }
            };
          };
      ExportRequest request =
          Trials.patients(dir)
              .sink(sink)
              .onEvent(
                  event -> {
                    if (open.get() > 0) {
                      throw own;
                    }
                  })
              .build();
      assertSame(own, assertThrows(ArithmeticException.class, () -> client.export(request)));
      assertTrue(List.of(own.getSuppressed()).contains(abort), () -> List.of(own.getSuppressed()).toString());
    }
  }

  @Test
  void aSinkThatMakesNoFile() throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportRequest request = into((name, type) -> null);
      BcdaException.Sink failed = assertThrows(BcdaException.Sink.class, () -> client.export(request));
      assertInstanceOf(IllegalStateException.class, failed.getCause());
    }
  }

  @Test
  void aFileThatIsAlteredIsNotCommitted() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().fault("flip").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      Memory sink = new Memory();
      assertThrows(BcdaException.Decryption.class, () -> client.export(into(sink)));
      assertNotEquals(0, sink.count("ABORT"));
      assertEquals(sink.count("BEGIN"), sink.count("ABORT"));
      assertEquals(0, sink.committed.size());
    }
  }

  @Test
  void aFileThatBreaksOffIsBegunAgain() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().fault("reset:count=1:on=GET /data").fault("ignore-range").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      Memory sink = new Memory();
      client.export(into(sink));
      assertEquals(1, sink.committed.size());
      assertEquals(sink.count("BEGIN"), sink.count("ABORT") + sink.count("COMMIT"));
    }
  }

  @Test
  void canceledInTheMiddle() throws Exception {
    try (Sandbox sandbox = big();
        BcdaClient client = Trials.client(sandbox).build()) {
      CompletableFuture<BcdaFuture<?>> started = new CompletableFuture<>();
      Memory sink =
          Memory.doing(
              step -> {
                if (step == Memory.Step.WRITE) {
                  started.get().cancel(true);
                }
              });
      BcdaFuture<ExportResult> run = client.exportAsync(into(sink));
      started.complete(run);
      assertThrows(CancellationException.class, run::join);
      run.ended().join();
      assertEquals(sink.count("BEGIN"), sink.count("ABORT") + sink.count("COMMIT"));
      assertNotEquals(0, sink.count("ABORT"), () -> sink.calls.toString());
    }
  }

  @Test
  void theListenerIsToldMeanwhile() throws Exception {
    try (Sandbox sandbox = big();
        BcdaClient client = Trials.client(sandbox).build()) {
      Memory sink = new Memory();
      List<String> told = sink.calls;
      ExportRequest request = Trials.patients(dir).parallel(2).sink(sink).onEvent(event -> told.add(event.kind().name())).build();
      client.export(request);
      assertTrue(told.indexOf("FILE") < told.lastIndexOf("WRITE"), told::toString);
    }
  }

  @Test
  void aBusySinkHoldsUpItsOwnRunAlone() throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).threads(1).build()) {
      Memory sink = Memory.doing(step -> client.metadata());
      client.export(into(sink));
      assertEquals(5, sink.committed.size());
    }
  }

  @Test
  void anInterruptReachesASinkThatWaits() throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      Thread caller = Thread.currentThread();
      Memory sink =
          Memory.doing(
              step -> {
                if (step == Memory.Step.WRITE) {
                  caller.interrupt();
                  new CountDownLatch(1).await();
                }
              });
      assertThrows(InterruptedException.class, () -> client.export(into(sink)));
      assertEquals(sink.count("BEGIN"), sink.count("ABORT"));
    }
  }

  /** By a listener, or by an abort: the call of the sink that comes next is not the one for which it was meant. */
  @Test
  void anInterruptThatIsLeftReachesNoOtherCall() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().fault("reset:count=1:on=GET /data").fault("ignore-range").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      List<Boolean> interrupted = new ArrayList<>();
      ExportSink sink =
          (name, type) -> {
            interrupted.add(Thread.currentThread().isInterrupted());
            return new Discarding() {
              @Override
              public void abort() {
                interrupted.add(Thread.currentThread().isInterrupted());
                Thread.currentThread().interrupt();
              }
            };
          };
      ExportRequest request =
          Trials.patients(dir).sink(sink).onEvent(event -> Thread.currentThread().interrupt()).build();
      client.export(request);
      assertEquals(List.of(false, false, false), interrupted, "begin, abort, begin");
    }
  }

  private static class Discarding implements ExportSink.File {
    @Override
    public void write(byte[] bytes) throws Exception {}

    @Override
    public void commit(long size, String sha256) {}

    @Override
    public void abort() throws Exception {}
  }

  @Test
  void whatHangsOnARunMayBeginAnother() throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportRequest request = Trials.patients(dir.resolve("claims")).restart(true).onEvent(SinkTest::fail).build();
      for (int round = 0; round < 20; round++) {
        BcdaFuture<ExportResult> run = client.exportAsync(request); // refused while another one is there
        Thread canceller = new Thread(() -> run.cancel(true));
        canceller.start();
        run.handle((result, error) -> run.ended().join()).join();
        canceller.join();
      }
      assertEquals(5, client.export(Trials.patients(dir.resolve("claims")).restart(true).build()).files().size());
    }
  }

  private static void fail(ExportEvent event) {
    throw new ArithmeticException("on purpose");
  }

  @Test
  void recordsWentToTheSink() throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(into(new Memory()));
      assertThrows(IllegalStateException.class, () -> result.records("Patient"));
      assertThrows(IllegalStateException.class, () -> result.rawRecords("Patient"));
    }
  }

  @Test
  void aListenerThatThrowsWhileFilesAreOpen() throws Exception {
    try (Sandbox sandbox = big();
        BcdaClient client = Trials.client(sandbox).build()) {
      Memory sink = new Memory();
      ExportRequest request =
          Trials.patients(dir)
              .sink(sink)
              .onEvent(
                  event -> {
                    if (sink.count("WRITE") > 0) {
                      throw new ArithmeticException("on purpose");
                    }
                  })
              .build();
      assertThrows(ArithmeticException.class, () -> client.export(request));
      assertNotEquals(0, sink.count("ABORT"));
      assertEquals(sink.count("BEGIN"), sink.count("ABORT") + sink.count("COMMIT"));
    }
  }

  @Test
  void manyRunsOnOneClient() throws Exception {
    try (Sandbox sandbox = sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      List<Memory> sinks = new ArrayList<>();
      List<BcdaFuture<ExportResult>> runs = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Memory sink = new Memory();
        sinks.add(sink);
        runs.add(client.exportAsync(into(sink)));
      }
      runs.forEach(CompletableFuture::join);
      sinks.forEach(sink -> assertEquals(5, sink.committed.size()));
      runs.forEach(Trials::awaitEnd);
    }
  }
}
