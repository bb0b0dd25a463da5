package io.github.libbcda;

import java.util.stream.IntStream;

/**
 * Some rows of a table by columns, for engines that take columns. It is a copy, so it stays valid when the reader goes
 * on and when it is closed. Immutable and thread-safe.
 */
public final class ColumnBatch {
  private final int table;
  private final Columns columns;
  private final int rows;
  private final ColumnData[] data;

  private ColumnBatch(int table, Columns columns, int rows, ColumnData[] data) {
    this.table = table;
    this.columns = columns;
    this.rows = rows;
    this.data = data;
  }

  /** Copies the current batch of the native {@code tables}, which is one of {@code table}. */
  static ColumnBatch of(long tables, int table, Columns columns) {
    return new ColumnBatch(
        table,
        columns,
        Math.toIntExact(Native.batch_rows(tables)),
        IntStream.range(0, columns.all.size())
            .mapToObj(column -> ColumnData.of(tables, column, columns.all.get(column)))
            .toArray(ColumnData[]::new));
  }

  /**
   * The table of the rows.
   *
   * @return its place among those that were opened, from 0
   */
  public int table() {
    return table;
  }

  /**
   * The number of rows.
   *
   * @return one or more
   */
  public int rows() {
    return rows;
  }

  /**
   * The values of one column.
   *
   * @param place the place of the column, from 0, as {@link TableReader#columns} has it
   * @return as many values as there are rows
   * @throws IndexOutOfBoundsException there is no such column
   */
  public ColumnData column(int place) {
    return data[place];
  }

  Columns columns() {
    return columns;
  }

  Row row(int index) {
    return new Row(this, index);
  }

  Object get(int row, int column) {
    return data[column].get(row);
  }

  /** The number of rows, without the values. */
  @Override
  public String toString() {
    return "ColumnBatch[" + rows + " rows]";
  }
}
