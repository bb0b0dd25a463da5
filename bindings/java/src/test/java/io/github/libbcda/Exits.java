package io.github.libbcda;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/** A program that ends in the middle of something: {@code Exits STAGE WAY DIRECTORY}. {@link JarIT} runs it. */
final class Exits {
  static final int CODE = 42;

  private Exits() {}

  /** How it ends. */
  enum Way {
    SYSTEM_EXIT,
    HALT,
    FALLS_OFF,
    UNCAUGHT,
    FROM_THE_LISTENER
  }

  public static void main(String[] arguments) throws Exception {
    Way way = Way.valueOf(arguments[1]);
    Path dir = Path.of(arguments[2]);
    switch (arguments[0]) {
      case "SINKING" -> sink(dir, way, true);
      case "WRITING" -> sink(dir, way, false);
      case "DECRYPTING" -> decrypt(dir, way);
      case "READING" -> read(dir, way);
      case "TABLES" -> readTables(dir, way);
      default -> export(Stage.valueOf(arguments[0]), dir, way);
    }
  }

  /** One run that is awaited and one that nobody waits for. */
  private static void export(Stage stage, Path dir, Way way) throws Exception {
    BcdaClient client = Trials.client(stage.sandbox()).build();
    CountDownLatch reached = new CountDownLatch(2);
    for (String name : new String[] {"a", "b"}) {
      ExportRequest request =
          Trials.patients(dir.resolve(name))
              .onEvent(
                  event -> {
                    if (event.text().equals(stage.state)) {
                      reached.countDown();
                      endFromListener(way);
                    }
                  })
              .build();
      CompletableFuture<ExportResult> run = client.exportAsync(request);
      daemon(run::join);
    }
    reached.await();
    end(way);
  }

  /** Into a sink that never gets done, while the library waits for it. */
  private static void sink(Path dir, Way way, boolean atOnce) throws Exception {
    BcdaClient client = Trials.client(Trials.sandbox().start()).build();
    CountDownLatch reached = new CountDownLatch(1);
    ExportSink stuck =
        (name, type) -> {
          if (atOnce) {
            stay(reached, way);
          }
          return new ExportSink.File() {
            @Override
            public void write(byte[] bytes) throws Exception {
              stay(reached, way);
            }

            @Override
            public void commit(long size, String sha256) {}

            @Override
            public void abort() {}
          };
        };
    client.exportAsync(Trials.patients(dir).sink(stuck).build());
    reached.await();
    end(way);
  }

  private static void stay(CountDownLatch reached, Way way) throws InterruptedException {
    reached.countDown();
    endFromListener(way);
    new CountDownLatch(1).await();
  }

  private static void decrypt(Path dir, Way way) throws Exception {
    Path pipe = dir.resolve("cipher");
    new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
    daemon(() -> feed(pipe));
    Vectors.Vector vector = Vectors.named("15bytes-rsa2048");
    CountDownLatch reached = new CountDownLatch(3);
    DecryptRequest request =
        DecryptRequest.builder(pipe, dir.resolve("plain"))
            .label(vector.filename())
            .key(vector.encryptedKey())
            .onProgress(
                (done, total) -> {
                  reached.countDown();
                  if (reached.getCount() == 0) {
                    endFromListener(way);
                  }
                })
            .build();
    Vectors.decryptor().decryptAsync(request);
    reached.await();
    end(way);
  }

  private static void feed(Path pipe) {
    try (OutputStream end = Files.newOutputStream(pipe)) {
      byte[] zeros = new byte[1 << 16];
      while (true) {
        end.write(zeros);
      }
    } catch (IOException ended) {
      // as it has to be
    }
  }

  private static void read(Path dir, Way way) throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{}\n".repeat(1_000_000));
    CountDownLatch reached = new CountDownLatch(1);
    daemon(
        () -> {
          while (true) {
            try (RecordReader reader = RecordReader.open(file)) {
              while (reader.next() != null) {
                reached.countDown();
              }
            }
          }
        });
    reached.await();
    end(way);
  }

  private static void readTables(Path dir, Way way) throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n".repeat(100_000));
    Table table = Table.open(file, "beneficiary");
    CountDownLatch reached = new CountDownLatch(1);
    daemon(
        () -> {
          while (true) {
            try (Stream<Row> rows = table.rows()) {
              rows.forEach(row -> reached.countDown());
            }
          }
        });
    reached.await();
    end(way);
  }

  private static void daemon(Runnable work) {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    thread.start();
  }

  private static void endFromListener(Way way) {
    if (way == Way.FROM_THE_LISTENER) {
      System.exit(CODE);
    }
  }

  private static void end(Way way) throws InterruptedException {
    switch (way) {
      case SYSTEM_EXIT -> System.exit(CODE);
      case HALT -> Runtime.getRuntime().halt(CODE);
      case FALLS_OFF -> {}
      case UNCAUGHT -> throw new ArithmeticException("on purpose");
      case FROM_THE_LISTENER -> new CountDownLatch(1).await();
    }
  }
}
