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
 * The records of files one after another, one reader open at a time (a flatMap would read a whole file ahead). Sizes and
 * records are counted again: a file that was cut or added to since it was verified does not pass for the whole one.
 *
 * <p>A parallel stream is split between files, so that each thread reads its own in constant memory. Asking for batches of
 * records, as the JDK's own spliterators do, would hold them all.
 */
final class RecordStream<T> implements Spliterator<T>, AutoCloseable {
  /** Makes what the stream gives of a record's bytes. */
  interface Form<T> {
    T of(byte[] record) throws CharacterCodingException;
  }

  private final Deque<ExportedFile> files;
  private final Form<T> form;
  private final List<RecordStream<T>> parts = new ArrayList<>(); // split off, and closed with this one
  private ExportedFile file;
  private RecordReader reader;
  private long count;
  private boolean closed;

  private RecordStream(Deque<ExportedFile> files, Form<T> form) {
    this.files = files;
    this.form = form;
  }

  /** To be closed. */
  static <T> Stream<T> of(List<ExportedFile> files, Form<T> form) {
    RecordStream<T> records = new RecordStream<>(new ArrayDeque<>(files), form);
    return StreamSupport.stream(records, false).onClose(records::close);
  }

  /** The first half of the files, none of which has been begun; null when there is one. */
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

  /** The action may take its time: nobody who closes waits for it. */
  @Override
  public boolean tryAdvance(Consumer<? super T> action) {
    T next = next();
    if (next != null) {
      action.accept(next);
    }
    return next != null;
  }

  /** Null at the end. */
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
    if (closed) { // an end without a word would pass for the end of the records
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
