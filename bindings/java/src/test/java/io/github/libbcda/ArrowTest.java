package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.TableSettings.Generation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tables in the hands of Arrow's own library. Closing its allocator fails if anything was not released. */
class ArrowTest {
  @TempDir Path dir;

  private interface Use {
    void of(ArrowReader reader) throws IOException;
  }

  /** As the javadoc shows it. */
  private static void imported(Table table, Use use) throws IOException {
    try (BufferAllocator allocator = new RootAllocator();
        ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
      table.exportTo(stream.memoryAddress());
      try (ArrowReader reader = Data.importArrayStream(allocator, stream)) {
        use.of(reader);
      }
    }
  }

  private static List<Map<String, Object>> rows(Table table) {
    try (Stream<Row> rows = table.rows()) {
      return rows.map(Row::toMap).toList();
    }
  }

  @ParameterizedTest
  @EnumSource(value = Generation.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
  void arrowReadsTheSameValuesAsRowsHave(Generation generation) throws Exception {
    for (String name : Table.names()) {
      Table table = Table.open(Samples.files(generation), name, new TableSettings().batchRows(50));
      List<Map<String, Object>> read = new ArrayList<>();
      imported(
          table,
          reader -> {
            assertEquals(
                table.columns().stream().map(Table.Column::name).toList(),
                reader.getVectorSchemaRoot().getSchema().getFields().stream().map(Field::getName).toList());
            while (reader.loadNextBatch()) {
              int count = reader.getVectorSchemaRoot().getRowCount();
              assertTrue(count > 0 && count <= 50, count + " rows");
              for (int i = 0; i < count; i++) {
                read.add(row(table, reader.getVectorSchemaRoot().getFieldVectors(), i));
              }
            }
          });
      assertFalse(read.isEmpty());
      assertEquals(rows(table), read, name);
    }
  }

  private static Map<String, Object> row(Table table, List<FieldVector> vectors, int index) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (int i = 0; i < vectors.size(); i++) {
      Object value = vectors.get(i).getObject(index);
      Table.Column column = table.columns().get(i);
      if (value instanceof List<?> items) {
        row.put(column.name(), items.stream().map(item -> ofOurs(item, column)).toList());
      } else {
        row.put(column.name(), ofOurs(value, column));
      }
    }
    return row;
  }

  /** The value in the class that our rows have. */
  private static Object ofOurs(Object value, Table.Column column) {
    if (value == null) {
      return null;
    }
    return switch (column.type()) {
      case TEXT -> value.toString();
      case DATE -> LocalDate.ofEpochDay((Integer) value);
      case INSTANT -> Instant.EPOCH.plus((Long) value, ChronoUnit.MICROS);
      default -> value;
    };
  }

  @Test
  void aStreamMayBeClosedBeforeItsEndAndTheTableUsedAgain() throws Exception {
    Table table = Table.open(Samples.files(Generation.V3), "claim_amount", new TableSettings().batchRows(100));
    for (int batches = 0; batches < 3; batches++) {
      int wanted = batches;
      imported(
          table,
          reader -> {
            for (int i = 0; i < wanted; i++) {
              assertTrue(reader.loadNextBatch());
            }
          });
      assertEquals(0, Native.live_handles());
    }
  }

  @Test
  void aBadRecordIsTheMessageOfTheReader() throws Exception {
    String good = "{\"resourceType\":\"Patient\",\"id\":\"1\",\"birthDate\":\"1950-01-02\"}\n";
    Path file = Files.writeString(dir.resolve("a.ndjson"), good + good.replace("1950-01-02", "Smith"));
    Table table = Table.open(file, "beneficiary");
    String said =
        assertThrows(BcdaException.Record.class, () -> rows(table)).getMessage();
    imported(
        table,
        reader -> {
          String message = assertThrows(IOException.class, reader::loadNextBatch).getMessage();
          assertTrue(message.contains(said), message);
          assertTrue(message.contains("line 2"), message);
          assertFalse(message.contains("Smith"), message);
        });
  }

  @Test
  void aPartitionIsAStreamToo() throws Exception {
    Path file = Samples.files(Generation.V3).get(0);
    PartitionSettings settings = new PartitionSettings();
    Partition part = Partitions.of(List.of(file), 1, settings).all().get(0);
    int rows = 0;
    try (BufferAllocator allocator = new RootAllocator();
        ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
      part.exportTo(Partition.RAW, settings, null, stream.memoryAddress());
      try (ArrowReader reader = Data.importArrayStream(allocator, stream)) {
        while (reader.loadNextBatch()) {
          rows += reader.getVectorSchemaRoot().getRowCount();
        }
      }
    }
    assertEquals(Files.readAllLines(file).size(), rows);
  }

  @Test
  void anAddressOf0IsRefused() {
    Table table = Table.open(Samples.files(Generation.V3).get(0), "coverage");
    String said = assertThrows(BcdaException.InvalidArgument.class, () -> table.exportTo(0)).getMessage();
    assertTrue(said.contains("ArrowArrayStream"), said);
  }

  @Test
  void aSourceThatIsGoneIsAnErrorAndFillsNoStream() throws Exception {
    Path file = Files.createFile(dir.resolve("a.ndjson"));
    Table table = Table.open(file, "coverage");
    Files.delete(file);
    try (BufferAllocator allocator = new RootAllocator();
        ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
      BcdaException error =
          assertThrows(BcdaException.Filesystem.class, () -> table.exportTo(stream.memoryAddress()));
      assertEquals(file.toString(), error.file().orElseThrow());
      assertEquals(0, stream.snapshot().release);
    }
  }
}
