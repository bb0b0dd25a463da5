package io.github.libbcda;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Reads tables batch by batch. For one thread at a time, but any thread may close it. */
final class BatchReader implements AutoCloseable {
  private final NativeHandle handle;
  private final List<Columns> tables;
  private Throwable failure; // of an earlier read; the native reader is at its end then

  private BatchReader(NativeHandle handle, int tables) {
    this.handle = handle;
    this.tables = handle.call(at -> IntStream.range(0, tables).mapToObj(table -> Columns.of(at, table)).toList());
  }

  /** Opens {@code tables}, which are names or ViewDefinitions. */
  static BatchReader open(List<String> paths, List<String> tables, Values settings) {
    return open(paths, tables, settings, Native::tables_open);
  }

  /** Opens them by a call for the addresses of the tables and of a configuration. */
  static BatchReader open(List<String> paths, List<String> tables, Values settings, Opening open) {
    NativeHandle handle = unopened(paths, tables);
    try (NativeHandle config = settings.config()) {
      handle.run(at -> config.run(given -> open.open(at, given)));
      return new BatchReader(handle, tables.size());
    } catch (Throwable error) {
      handle.close();
      throw error;
    }
  }

  @FunctionalInterface
  interface Opening {
    void open(long tables, long settings);
  }

  /** Native tables that are not opened yet. The caller must close them. */
  static NativeHandle unopened(List<String> paths, List<String> tables) {
    NativeHandle handle = new NativeHandle("table", Native.tables_create(), Native::tables_destroy);
    try {
      handle.run(
          at -> {
            paths.forEach(path -> Native.tables_add_path(at, path));
            tables.forEach(table -> Native.tables_add_table(at, table));
          });
      return handle;
    } catch (Throwable error) {
      handle.close();
      throw error;
    }
  }

  Columns columns(int table) {
    return tables.get(table);
  }

  /** The next batch, or null after the last one. After a failure each call fails, because there is no way to go on. */
  ColumnBatch next() {
    return handle.call(at -> attempt(() -> read(at)));
  }

  private ColumnBatch read(long at) {
    int table = Native.tables_next(at);
    return table < 0 ? null : ColumnBatch.of(at, table, tables.get(table));
  }

  /** Instead of batches: the next bytes of a file of the only table, or null after the last ones. */
  byte[] encode(String format) {
    return handle.call(at -> attempt(() -> Native.tables_encode(at, format)));
  }

  private <T> T attempt(Supplier<T> work) {
    if (failure instanceof BcdaException told) {
      throw told.again();
    }
    if (failure != null) {
      throw new IllegalStateException("a batch was lost by an earlier failure", failure);
    }
    try {
      return work.get();
    } catch (Throwable error) {
      failure = error;
      throw error;
    }
  }

  /** The rows of the first table that were read so far. */
  long rows() {
    return handle.call(at -> Native.tables_rows(at, 0));
  }

  /** How many files were begun. */
  long files() {
    return handle.call(Native::tables_files);
  }

  /** How many bytes of records were read. */
  long bytes() {
    return handle.call(Native::tables_bytes);
  }

  long nulled() {
    return handle.call(Native::tables_nulled);
  }

  /** Ends a call that waits for a download. Thread-safe. */
  void cancel() {
    handle.runIfOpen(Native::tables_cancel);
  }

  /** Fails if the reader is closed. */
  void expectOpen() {
    handle.run(at -> {});
  }

  @Override
  public void close() {
    handle.close();
  }
}
