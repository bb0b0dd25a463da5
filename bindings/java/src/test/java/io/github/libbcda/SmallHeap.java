package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/** A program that reads more than its heap holds, with several threads: {@code SmallHeap DIRECTORY}. {@link JarIT} runs it. */
final class SmallHeap {
  private static final int FILES = 4;
  private static final int RECORDS = 1500; // of 16 KiB each
  private static final byte[] RECORD = ("{\"a\":\"" + "x".repeat(16 * 1024 - 9) + "\"}\n").getBytes(UTF_8);

  private SmallHeap() {}

  public static void main(String[] arguments) throws IOException {
    List<ExportedFile> files = new ArrayList<>();
    for (int i = 0; i < FILES; i++) {
      files.add(file(Path.of(arguments[0], i + ".ndjson")));
    }
    LongAdder bytes = new LongAdder();
    try (Stream<byte[]> records = RecordStream.of(files, record -> record)) {
      records.parallel().forEach(record -> bytes.add(record.length + 1));
    }
    System.out.println(bytes.sum() == (long) FILES * RECORDS * RECORD.length ? "all read" : "read " + bytes.sum());
  }

  private static ExportedFile file(Path path) throws IOException {
    try (OutputStream out = Files.newOutputStream(path)) {
      for (int i = 0; i < RECORDS; i++) {
        out.write(RECORD);
      }
    }
    return new ExportedFile("Patient", path, "", Files.size(path), RECORDS, "", true, false, "data", "gcm");
  }
}
