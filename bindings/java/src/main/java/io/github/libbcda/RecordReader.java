package io.github.libbcda;

import java.nio.file.Path;

/**
 * Reads the NDJSON records of one file, or of the files of a {@link Partition}. Its memory use is that of the longest
 * line. For one thread at a time.
 *
 * <pre>{@code
 * try (RecordReader reader = RecordReader.open(file.path())) {
 *   for (byte[] record; (record = reader.next()) != null; ) { ... }
 * }
 * }</pre>
 */
public final class RecordReader implements AutoCloseable {
  private final NativeHandle handle;

  RecordReader(long address) {
    handle = new NativeHandle("reader", address, Native::reader_destroy);
  }

  /**
   * Opens a file.
   *
   * @param path the path of any NDJSON file
   * @return a reader before the first record, which the caller must close
   * @throws BcdaException.Filesystem the file cannot be read
   */
  public static RecordReader open(Path path) {
    return new RecordReader(Native.reader_open(LocalPath.text(path)));
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

  /**
   * The file of the last record.
   *
   * @return its path; of a partition that is downloaded, the name that an export would give it
   */
  public synchronized String file() {
    return handle.call(Native::reader_file);
  }

  /**
   * The resource type of that file, if this reads a partition.
   *
   * @return the type that the manifest gives the file, or ""
   */
  public synchronized String type() {
    return handle.call(Native::reader_type);
  }

  /**
   * Ends a call of {@link #next} that waits for a download, with {@link BcdaException.Canceled}. Only a {@link Partition}
   * downloads. Any thread may call this.
   */
  public void cancel() {
    handle.runIfOpen(Native::reader_cancel);
  }

  @Override
  public void close() {
    handle.close();
  }
}
