package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.TableSettings.Generation;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.temporal.TemporalAccessor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tables as files. */
class SaveTest {
  @TempDir Path dir;

  private static Table samples(String name) {
    return Table.open(Samples.files(Generation.V3), name, new TableSettings());
  }

  private static List<Row> rows(Table table) {
    try (Stream<Row> rows = table.rows()) {
      return rows.toList();
    }
  }

  private List<String> names() throws Exception {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aCsvFileHasTheRows() throws Exception {
    for (String name : Table.names()) {
      Table table = samples(name);
      Path file = dir.resolve(name + ".csv");
      List<Row> rows = rows(table);
      assertEquals(new Table.Saved(rows.size(), 0), table.save(file, Table.Format.CSV));
      List<Map<String, String>> read = Samples.csvRows(file);
      assertEquals(rows.size(), read.size());
      for (int i = 0; i < rows.size(); i++) {
        for (Table.Column column : table.columns()) {
          Object value = rows.get(i).get(column.name());
          assertEquals(value, Samples.value(read.get(i).get(column.name()), column), name + "." + column);
        }
      }
    }
  }

  @Test
  void anNdjsonFileHasTheRows() throws Exception {
    Table table = samples("claim_line");
    Path file = dir.resolve("lines");
    List<Row> rows = rows(table);
    assertEquals(rows.size(), table.save(file, Table.Format.NDJSON).rows());
    List<String> lines = Files.readAllLines(file);
    assertEquals(rows.size(), lines.size());
    for (int i = 0; i < rows.size(); i++) {
      Map<String, Object> read = Json.object(lines.get(i));
      for (Table.Column column : table.columns()) {
        Object value = rows.get(i).get(column.name());
        Object other = read.get(column.name());
        if (value instanceof BigDecimal number) {
          assertEquals(0, number.compareTo(new BigDecimal((String) other)), column.name());
        } else if (value instanceof Number || value instanceof TemporalAccessor || value instanceof List<?>) {
          assertEquals(value.toString(), other.toString(), column.name());
        } else {
          assertEquals(value, other, column.name());
        }
      }
    }
  }

  @Test
  void anArrowFileIsReadByArrow() throws Exception {
    Table table = samples("claim_amount");
    Path file = dir.resolve("amounts.arrow");
    List<Row> rows = rows(table);
    assertEquals(rows.size(), table.save(file, Table.Format.ARROW).rows());
    List<Object> amounts = new ArrayList<>();
    try (BufferAllocator allocator = new RootAllocator();
        ArrowFileReader reader = new ArrowFileReader(Files.newByteChannel(file), allocator)) {
      while (reader.loadNextBatch()) {
        for (int i = 0; i < reader.getVectorSchemaRoot().getRowCount(); i++) {
          amounts.add(reader.getVectorSchemaRoot().getVector("amount").getObject(i));
        }
      }
    }
    assertEquals(rows.stream().map(row -> (Object) row.getDecimal("amount")).toList(), amounts);
  }

  @Test
  void theFileIsPrivateAndReplacesNone() throws Exception {
    Path file = dir.resolve("a.csv");
    samples("coverage").save(file, Table.Format.CSV);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    String before = Files.readString(file);
    BcdaException error =
        assertThrows(BcdaException.Filesystem.class, () -> samples("claim").save(file, Table.Format.CSV));
    assertTrue(error.getMessage().contains("exists already"), error.getMessage());
    assertEquals(file.toString(), error.file().orElseThrow());
    assertEquals(before, Files.readString(file));
    assertEquals(List.of("a.csv"), names());
    Files.createSymbolicLink(dir.resolve("link.csv"), dir.resolve("nowhere"));
    assertThrows(
        BcdaException.Filesystem.class, () -> samples("claim").save(dir.resolve("link.csv"), Table.Format.CSV));
    assertEquals(List.of("a.csv", "link.csv"), names());
  }

  @ParameterizedTest
  @EnumSource(Table.Format.class)
  void aFailureLeavesNoFile(Table.Format format) throws Exception {
    String good = "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n";
    Files.writeString(dir.resolve("bad.ndjson"), good.repeat(10) + "{\n");
    Table table = Table.open(List.of(dir.resolve("bad.ndjson")), "beneficiary", new TableSettings().batchRows(2));
    BcdaException error =
        assertThrows(BcdaException.Record.class, () -> table.save(dir.resolve("x"), format));
    assertTrue(error.getMessage().contains("line 11"), error.getMessage());
    assertEquals(List.of("bad.ndjson"), names());
    BcdaException nowhere =
        assertThrows(BcdaException.Filesystem.class, () -> table.save(dir.resolve("no/x"), format));
    assertTrue(nowhere.getMessage().contains("cannot be written"), nowhere.getMessage());
    assertFalse(Files.exists(dir.resolve("no")));
  }

  @Test
  void anInterruptLeavesNoFile() throws Exception {
    Table table = samples("claim");
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> table.save(dir.resolve("x.csv"), Table.Format.CSV));
    assertFalse(Thread.interrupted());
    assertEquals(List.of(), names());
  }

  @Test
  void whatWasLeftOutIsCounted() throws Exception {
    Path file = Files.writeString(dir.resolve("a"), "{\"resourceType\":\"Patient\",\"id\":\"1\",\"birthDate\":\"x\"}\n");
    TableSettings settings = new TableSettings().onError(TableSettings.OnError.NULL).columns("beneficiary_key", "birth_date");
    Table table = Table.open(List.of(file), "beneficiary", settings);
    assertEquals(new Table.Saved(1, 1), table.save(dir.resolve("b"), Table.Format.CSV));
    assertEquals(List.of("beneficiary_key,birth_date", "1,"), Files.readAllLines(dir.resolve("b")));
  }

  @Test
  void aTableWithoutRowsIsAFileToo() throws Exception {
    Table table = Table.open(List.of(Files.createFile(dir.resolve("a"))), "beneficiary", new TableSettings().columns("mbi"));
    assertEquals(new Table.Saved(0, 0), table.save(dir.resolve("b"), Table.Format.CSV));
    assertEquals(List.of("mbi"), Files.readAllLines(dir.resolve("b")));
  }
}
