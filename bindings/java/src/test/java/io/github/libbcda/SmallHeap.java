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
  private static final String HEAD = "{\"resourceType\":\"Patient\",\"a\":\"";
  private static final String TEXT = "x".repeat(16 * 1024 - HEAD.length() - 3);
  private static final byte[] RECORD = (HEAD + TEXT + "\"}\n").getBytes(UTF_8);
  private static final String VIEW =
      "{\"resource\":\"Patient\",\"select\":[{\"column\":[{\"name\":\"a\",\"path\":\"a\",\"type\":\"string\"}]}]}";

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
    System.out.print(bytes.sum() == (long) FILES * RECORDS * RECORD.length ? "all read, " : "read " + bytes.sum() + ", ");
    System.out.println(rows(files.stream().map(ExportedFile::path).toList()) == FILES * RECORDS ? "all rows read" : "too few rows");
  }

  /** Four files, as four sources, and then one of them four times. Nothing is kept of the rows but their texts' lengths. */
  private static long rows(List<Path> files) {
    LongAdder characters = new LongAdder();
    for (List<Path> paths : List.of(files, List.of(files.get(0)))) {
      for (int i = 0; i < FILES / paths.size(); i++) {
        try (Stream<Row> rows = Table.open(paths, VIEW, new TableSettings().batchRows(16)).rows()) {
          rows.parallel().forEach(row -> characters.add(row.getText("a").length()));
        }
      }
    }
    return characters.sum() / TEXT.length() / 2;
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
