package io.github.libbcda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** A program that goes everywhere in the native library once: {@link JarIT} runs it under {@code -Xcheck:jni}. */
final class Tour {
  private Tour() {}

  public static void main(String[] arguments) throws Exception {
    Path dir = Path.of(arguments[0]);
    Bcda.settings();
    Sandbox.options();
    Bcda.versionDetails();
    Bcda.profiles();
    Status.OK.description();
    decrypt(dir);
    try (Sandbox sandbox = Trials.sandbox().option("beneficiaries_per_file", "4").start();
        BcdaClient client =
            Trials.client(sandbox).supply("client_secret", sandbox::clientSecret).environment().build()) {
      client.metadata();
      client.checkAuth();
      client.profile();
      client.plan(Trials.nothing());
      ExportResult result = client.export(Trials.patients(dir.resolve("\uD83D\uDE80")).build());
      try (Stream<String> records = result.records("Patient")) {
        records.forEach(String::length);
      }
      table(result);
      client.fetch(client.manifest(Trials.nothing()), Trials.patients(dir.resolve("fetched")).build());
      client.export(ExportRequest.builder().types("Patient").sink((name, type) -> new Discarded()).build());
      fails(
          () -> client.export(ExportRequest.builder().types("Patient").sink((name, type) -> null).build()),
          BcdaException.Sink.class);
      BcdaFuture<ExportResult> canceled = client.exportAsync(Trials.patients(dir.resolve("canceled")).build());
      canceled.cancel(true);
      Trials.awaitEnd(canceled);
      sandbox.control("fault", "flip");
      fails(() -> client.export(Trials.patients(dir.resolve("flipped")).build()), BcdaException.Decryption.class);
      fails(() -> Native.run_cancel(0), IllegalStateException.class);
      fails(() -> Native.reader_open(null), NullPointerException.class);
      fails(() -> RecordReader.open(dir.resolve("missing")), BcdaException.Filesystem.class);
    }
    System.out.println("been everywhere, " + Native.live_handles() + " handles left");
  }

  private static void table(ExportResult result) throws Exception {
    Table.names().forEach(Table::describe);
    Table.view("claim", TableSettings.Generation.V3);
    try (Stream<Row> rows = result.table("beneficiary").rows().parallel()) {
      rows.forEach(Row::toMap);
    }
    try (TableReader reader = TableReader.open(List.of(result.directory().orElseThrow()), Table.names(), new TableSettings())) {
      for (Row row; (row = reader.next()) != null; ) {
        row.toMap();
      }
      reader.nulled();
      reader.files();
      reader.bytes();
      reader.nextBatch();
    }
    fails(() -> result.table("no table"), BcdaException.InvalidArgument.class);
    fails(() -> Native.tables_next(0), IllegalStateException.class);
  }

  private static void decrypt(Path dir) throws Exception {
    Vectors.Vector vector = Vectors.named("ndjson-1mb-rsa2048");
    DecryptRequest.Builder request =
        DecryptRequest.builder(vector.ciphertext(), dir.resolve("plain")).key(vector.encryptedKey());
    ExportedFile file = Vectors.decryptor().decrypt(request.onProgress((done, total) -> {}).build());
    try (RecordReader reader = RecordReader.open(file.path())) {
      while (reader.next() != null) {
        reader.offset();
      }
    }
    Files.delete(file.path());
  }

  private static final class Discarded implements ExportSink.File {
    @Override
    public void write(byte[] bytes) {}

    @Override
    public void commit(long size, String sha256) {}

    @Override
    public void abort() {}
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void fails(Call call, Class<? extends Exception> how) throws Exception {
    try {
      call.run();
    } catch (Exception error) {
      if (how.isInstance(error)) {
        return;
      }
      throw error;
    }
    throw new AssertionError("no " + how);
  }
}
