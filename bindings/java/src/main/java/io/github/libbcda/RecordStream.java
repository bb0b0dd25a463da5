package io.github.libbcda;

import java.nio.charset.CharacterCodingException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Spliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Streams the records of several files, one file after another. Only one reader is open at a time; a flatMap would read
 * a whole file ahead. Sizes and records are counted again, so that a file that changed since its verification is
 * detected.
 *
 * <p>A parallel stream is split between files, so each thread reads its own files in constant memory. The JDK's own
 * spliterators split into batches of records, and would hold all of them in memory.
 */
final class RecordStream<T> implements Spliterator<T>, AutoCloseable {
  /** Converts the bytes of a record to an element of the stream. */
  interface Form<T> {
    T of(byte[] record) throws CharacterCodingException;
  }

  private final Deque<ExportedFile> files;
  private final Form<T> form;
  private final List<RecordStream<T>> parts = new ArrayList<>(); // split off from this one, and closed with it
  private ExportedFile file;
  private RecordReader reader;
  private long count;
  private boolean closed;

  private RecordStream(Deque<ExportedFile> files, Form<T> form) {
    this.files = files;
    this.form = form;
  }

  /** A stream of the records. The caller must close it. */
  static <T> Stream<T> of(List<ExportedFile> files, Form<T> form) {
    RecordStream<T> records = new RecordStream<>(new ArrayDeque<>(files), form);
    return StreamSupport.stream(records, false).onClose(records::close);
  }

  /** Splits off the first half of the files. Returns null if a file is being read or fewer than two files are left. */
  @Override
  public synchronized Spliterator<T> trySplit() {
    int half = files.size() / 2;
    if (closed || reader != null || half == 0) {
      return null;
    }
    Deque<ExportedFile> first = new ArrayDeque<>(half);
    for (int i = 0; i < half; i++) {
      first.add(files.remove());
    }
    RecordStream<T> part = new RecordStream<>(first, form);
    parts.add(part);
    return part;
  }

  @Override
  public synchronized long estimateSize() {
    return files.stream().mapToLong(ExportedFile::records).sum() + (reader == null ? 0 : file.records() - count);
  }

  @Override
  public int characteristics() {
    return ORDERED | NONNULL;
  }

  /** Runs the action without the lock, so that close() does not wait for a slow action. */
  @Override
  public boolean tryAdvance(Consumer<? super T> action) {
    T next = next();
    if (next != null) {
      action.accept(next);
    }
    return next != null;
  }

  /** The next record, or null at the end. */
  private synchronized T next() {
    while (!closed && (reader != null || !files.isEmpty())) {
      if (reader == null) {
        beginFile();
      }
      byte[] next = reader.next();
      if (next != null) {
        count++;
        return formed(next);
      }
      endFile();
    }
    if (closed) { // a silent end would look like the end of the records
      throw new IllegalStateException("the stream is closed");
    }
    return null;
  }

  @Override
  public synchronized void close() {
    closed = true;
    letGo();
    parts.forEach(RecordStream::close);
  }

  private void beginFile() {
    file = files.remove();
    count = 0;
    reader = RecordReader.open(file.path());
    expectSize();
  }

  private void expectSize() {
    long bytes = file.path().toFile().length();
    if (bytes != file.bytes()) {
      throw altered("it has " + bytes + " bytes now, and had " + file.bytes() + " when it was verified");
    }
  }

  private T formed(byte[] record) {
    try {
      return form.of(record);
    } catch (CharacterCodingException malformed) {
      throw altered("line " + reader.line() + " is not UTF-8: rawRecords gives it as it is");
    }
  }

  private void endFile() {
    letGo();
    expectSize();
    if (count != file.records()) {
      throw altered("it holds " + count + " records now, and held " + file.records() + " when it was verified");
    }
  }

  private BcdaException altered(String what) {
    return BcdaException.of(Status.VERIFICATION, file.path() + ": " + what, file.path().toString());
  }

  private void letGo() {
    if (reader != null) {
      reader.close();
      reader = null;
    }
  }
}
