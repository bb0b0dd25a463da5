package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.TableSettings.Generation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rows by columns. */
class ColumnBatchTest {
  /** What the methods for engines say of a value. */
  private static Object value(ColumnData data, Table.Column column, int index) {
    if (data.isNull(index)) {
      assertTrue(data.mayBeNull());
      return null;
    }
    if (column.list() && data.items() != null) {
      List<Object> items = new ArrayList<>();
      IntStream.range(data.begin(index), data.end(index)).forEach(item -> items.add(value(data.items(), column, item)));
      return items;
    }
    return switch (column.type()) {
      case TEXT -> new String(data.bytes(), data.begin(index), data.end(index) - data.begin(index), UTF_8);
      case BOOLEAN -> data.getBoolean(index);
      case INTEGER -> data.getInt(index);
      case LONG -> data.getLong(index);
      case DECIMAL -> {
        assertEquals(data.getDecimal(index).unscaledValue().longValueExact(), data.getUnscaled(index));
        yield data.getDecimal(index);
      }
      case DOUBLE -> data.getDouble(index);
      case DATE -> LocalDate.ofEpochDay(data.getInt(index));
      case INSTANT -> Instant.EPOCH.plus(data.getLong(index), ChronoUnit.MICROS);
      case TIME, BYTES -> throw new AssertionError("no table has these");
    };
  }

  private static TableReader open(List<Path> paths, String table) {
    return TableReader.open(paths, List.of(table), new TableSettings().batchRows(50));
  }

  @ParameterizedTest
  @EnumSource(value = Generation.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
  void theyHaveTheValuesOfTheRows(Generation generation) throws IOException {
    List<Path> files = Samples.files(generation);
    for (String table : Table.names()) {
      List<List<Object>> read = new ArrayList<>();
      try (TableReader reader = open(files, table)) {
        List<Table.Column> columns = reader.columns(0);
        for (ColumnBatch batch; (batch = reader.nextBatch()) != null; ) {
          assertTrue(batch.rows() > 0 && batch.rows() <= 50);
          assertEquals(0, batch.table());
          for (int row = 0; row < batch.rows(); row++) {
            List<Object> values = new ArrayList<>();
            for (int place = 0; place < columns.size(); place++) {
              values.add(value(batch.column(place), columns.get(place), row));
            }
            read.add(values);
          }
          assertFalse(batch.toString().contains(String.valueOf(read.get(0).get(0))));
        }
        assertNull(reader.nextBatch());
        long bytes = 0;
        for (Path file : files) {
          bytes += Files.size(file);
        }
        assertEquals(files.size(), reader.files());
        assertEquals(bytes, reader.bytes());
      }
      try (Stream<Row> rows = Table.open(files, table, new TableSettings()).rows()) {
        assertEquals(rows.map(row -> new ArrayList<>(row.toMap().values())).toList(), read, table);
      }
    }
  }

  @Test
  void theyOutliveTheReader() {
    ColumnBatch batch;
    try (TableReader reader = open(Samples.files(Generation.V3), "claim")) {
      batch = reader.nextBatch();
    }
    assertTrue(batch.column(0).end(batch.rows() - 1) > 0);
  }
}
