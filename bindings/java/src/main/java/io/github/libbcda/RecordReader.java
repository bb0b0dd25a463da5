package io.github.libbcda;

import java.nio.file.Path;

/**
 * Reads the NDJSON records of one file. Its memory use is that of the longest line. For one thread at a time.
 *
 * <pre>{@code
 * try (RecordReader reader = RecordReader.open(file.path())) {
 *   for (byte[] record; (record = reader.next()) != null; ) { ... }
 * }
 * }</pre>
 */
public final class RecordReader implements AutoCloseable {
  private final NativeHandle handle;

  private RecordReader(NativeHandle handle) {
    this.handle = handle;
  }

  /**
   * Opens a file.
   *
   * @param path the path of any NDJSON file
   * @return a reader before the first record, which the caller must close
   * @throws BcdaException.Filesystem the file cannot be read
   */
  public static RecordReader open(Path path) {
    return new RecordReader(
        new NativeHandle("reader", Native.reader_open(LocalPath.text(path)), Native::reader_destroy));
  }

  /**
   * The next line that is not blank, without its line end, a CR or a BOM.
   *
   * @return the line in UTF-8, or null after the last line
   * @throws BcdaException.Filesystem the file cannot be read
   * @throws BcdaException.Limit a line is longer than 256 MiB
   */
  public synchronized byte[] next() {
    return handle.call(Native::reader_next);
  }

  /**
   * The line of the last record.
   *
   * @return the line number, from 1
   */
  public synchronized long line() {
    return handle.call(Native::reader_line);
  }

  /**
   * The position of the last record.
   *
   * @return the byte offset of its line in the file
   */
  public synchronized long offset() {
    return handle.call(Native::reader_offset);
  }

  @Override
  public void close() {
    handle.close();
  }
}
