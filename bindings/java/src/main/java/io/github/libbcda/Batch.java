package io.github.libbcda;

import java.util.stream.IntStream;

/**
 * Some rows of a table, copied out of the native library. Immutable.
 *
 * @param table the number of the table
 * @param columns the columns of the table
 * @param rows the number of rows
 * @param data the values, one object for each column
 */
record Batch(int table, Columns columns, int rows, ColumnData[] data) {
  /** Copies the current batch of the native {@code tables}, which is one of {@code table}. */
  static Batch of(long tables, int table, Columns columns) {
    return new Batch(
        table,
        columns,
        Math.toIntExact(Native.batch_rows(tables)),
        IntStream.range(0, columns.all.size())
            .mapToObj(column -> ColumnData.of(tables, column, columns.all.get(column)))
            .toArray(ColumnData[]::new));
  }

  Row row(int index) {
    return new Row(this, index);
  }

  Object get(int row, int column) {
    return data[column].get(row);
  }
}
