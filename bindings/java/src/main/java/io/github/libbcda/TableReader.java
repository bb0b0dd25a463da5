package io.github.libbcda;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * Reads the rows of one table, or of several tables in one pass over the files. For one thread at a time.
 *
 * <pre>{@code
 * List<String> tables = List.of("claim", "claim_line");
 * try (TableReader reader = TableReader.open(List.of(directory), tables, new TableSettings())) {
 *   for (Row row; (row = reader.next()) != null; ) {
 *     write(tables.get(reader.table()), row);
 *   }
 * }
 * }</pre>
 *
 * <p>{@link Table#rows} is simpler where neither several tables nor {@link #nulled} is needed.
 */
public final class TableReader implements AutoCloseable {
  private final BatchReader reader;
  private ColumnBatch batch;
  private int next; // the next row of the batch

  TableReader(BatchReader reader) {
    this.reader = reader;
  }

  /**
   * Opens tables to read them in one pass.
   *
   * @param paths as for {@link Table#open(List, String, TableSettings)}
   * @param tables names from {@link Table#names}, or JSON texts of ViewDefinitions
   * @param settings for all of them. With several tables {@link TableSettings#columns} must not be given
   * @return a reader before the first row, which the caller must close
   * @throws BcdaException.InvalidArgument a table, a view or a setting is wrong, or there is no path or no table
   * @throws BcdaException.Filesystem a path is neither a finished export nor a file
   */
  public static TableReader open(List<Path> paths, List<String> tables, TableSettings settings) {
    for (String table : tables) {
      Objects.requireNonNull(table, "table");
    }
    return new TableReader(Table.openToRead(Table.texts(paths), tables, settings.values()));
  }

  /**
   * The columns of a table.
   *
   * @param table the place of the table among those that were opened, from 0
   * @return the columns, in their order
   * @throws IndexOutOfBoundsException there is no such table
   */
  public List<Table.Column> columns(int table) {
    return reader.columns(table).all;
  }

  /**
   * The next row. The rows of one table are in the order of the files. Those of several tables come in turns, some
   * thousands of each.
   *
   * @return the row, or null after the last one
   * @throws BcdaException.Record a record is malformed, or a value does not fit its column. The message names the file
   *     and the line. After this and any other failure each call fails
   * @throws BcdaException.Verification a file has changed since it was verified
   * @throws BcdaException.Filesystem a file is missing or cannot be read
   * @throws BcdaException.Limit a line is longer than 256 MiB
   */
  public synchronized Row next() {
    reader.expectOpen();
    while (batch == null || next == batch.rows()) {
      ColumnBatch read = reader.next();
      if (read == null) {
        return null;
      }
      batch = read;
      next = 0;
    }
    return batch.row(next++);
  }

  /**
   * The next rows as columns, for engines that take columns. Use either this or {@link #next}.
   *
   * @return the rows that {@link #next} would return one after the other, some thousands of one table; null after the
   *     last ones
   * @throws BcdaException as for {@link #next}
   */
  public synchronized ColumnBatch nextBatch() {
    reader.expectOpen();
    ColumnBatch read = reader.next();
    if (read != null) {
      batch = read;
      next = read.rows();
    }
    return read;
  }

  /**
   * The table of the last row.
   *
   * @return its place among those that were opened, from 0
   * @throws IllegalStateException there was no row yet
   */
  public synchronized int table() {
    if (batch == null) {
      throw new IllegalStateException("no row was read yet");
    }
    return batch.table();
  }

  /**
   * How many values did not fit their column and are null, with {@link TableSettings.OnError#NULL}.
   *
   * @return the number in the batches so far; after the last row, in all
   */
  public synchronized long nulled() {
    return reader.nulled();
  }

  /**
   * How many files were begun so far.
   *
   * @return the number
   */
  public synchronized long files() {
    return reader.files();
  }

  /**
   * How many bytes of records were read so far, decrypted and unpacked.
   *
   * @return the number
   */
  public synchronized long bytes() {
    return reader.bytes();
  }

  /**
   * Ends a call of {@link #next} that waits for a download, with {@link BcdaException.Canceled}. Only a {@link Partition}
   * downloads. Any thread may call this.
   */
  public void cancel() {
    reader.cancel();
  }

  @Override
  public void close() {
    reader.close();
  }
}
