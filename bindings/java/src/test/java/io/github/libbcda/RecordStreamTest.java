package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Spliterator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams of records that several threads read. */
class RecordStreamTest {
  private static final int FILES = 6;

  @TempDir Path dir;
  private ExportResult result;

  @BeforeEach
  void export() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("files_per_type", Integer.toString(FILES)).start();
        BcdaClient client = Trials.client(sandbox).build()) {
      result = client.export(Trials.patients(dir.resolve("claims")).build());
    }
    assertEquals(FILES, result.files().size());
  }

  @Test
  void aParallelStreamHasTheSameRecordsInOrder() {
    try (Stream<String> one = result.records("Patient");
        Stream<String> many = result.records("Patient").parallel()) {
      assertEquals(one.collect(Collectors.toList()), many.collect(Collectors.toList()));
    }
  }

  /** A part of several files, or of some records of one, would have to hold them. */
  @Test
  void isSplitBetweenFilesAndNotWithinOne() {
    try (Stream<byte[]> records = result.rawRecords("Patient")) {
      List<Spliterator<byte[]>> parts = new ArrayList<>(List.of(records.spliterator()));
      for (int i = 0; i < parts.size(); i++) {
        for (Spliterator<byte[]> part; (part = parts.get(i).trySplit()) != null; ) {
          parts.add(part);
        }
      }
      assertEquals(FILES, parts.size());
      long expected = result.files().stream().mapToLong(ExportedFile::records).sum();
      assertEquals(expected, parts.stream().mapToLong(Spliterator::estimateSize).sum());
      long[] read = {0};
      parts.forEach(part -> part.forEachRemaining(record -> read[0]++));
      assertEquals(expected, read[0]);
    }
  }

  @Test
  void isNotSplitOnceItHasBegun() {
    try (Stream<byte[]> records = result.rawRecords("Patient")) {
      Spliterator<byte[]> whole = records.spliterator();
      assertTrue(whole.tryAdvance(record -> {}));
      assertNull(whole.trySplit());
    }
  }

  @Test
  void closingItClosesItsParts() {
    Stream<byte[]> records = result.rawRecords("Patient");
    Spliterator<byte[]> rest = records.spliterator();
    Spliterator<byte[]> part = rest.trySplit();
    assertTrue(part.tryAdvance(record -> {}));
    records.close();
    assertThrows(IllegalStateException.class, () -> part.tryAdvance(record -> {}));
    assertThrows(IllegalStateException.class, () -> rest.tryAdvance(record -> {}));
  }

  @Test
  void aClientAndASandboxSayWhatTheyAreAndNoSecret() {
    try (Sandbox sandbox = Sandbox.start();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertTrue(client.toString().contains(sandbox.url()), client.toString());
      assertTrue(sandbox.toString().contains(sandbox.url()), sandbox.toString());
      for (Object shown : List.of(client, sandbox)) {
        assertTrue(!shown.toString().contains(sandbox.clientSecret()), shown.toString());
      }
      client.close();
      assertTrue(client.toString().contains("localhost"));
    }
  }

  @Test
  void theSandboxKeepsItsFilesInTheTemporaryDirectoryOfJava() {
    try (Sandbox sandbox = Sandbox.start();
        Sandbox other = Sandbox.builder().option("directory", dir.toString()).start()) {
      assertTrue(sandbox.caFile().startsWith(System.getProperty("java.io.tmpdir")), sandbox.caFile().toString());
      assertTrue(other.caFile().startsWith(dir), other.caFile().toString());
    }
  }
}
