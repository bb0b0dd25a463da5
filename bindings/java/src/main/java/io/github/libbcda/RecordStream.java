package io.github.libbcda;

import java.nio.charset.CharacterCodingException;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The records of files one after another, one reader open at a time (a flatMap would read a whole file ahead). Sizes and
 * records are counted again: a file that was cut or added to since it was verified does not pass for the whole one.
 */
final class RecordStream<T> extends AbstractSpliterator<T> implements AutoCloseable {
  /** Makes what the stream gives of a record's bytes. */
  interface Form<T> {
    T of(byte[] record) throws CharacterCodingException;
  }

  private final Iterator<ExportedFile> files;
  private final Form<T> form;
  private ExportedFile file;
  private RecordReader reader;
  private long count;
  private boolean closed;

  private RecordStream(List<ExportedFile> files, Form<T> form) {
    super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
    this.files = files.iterator();
    this.form = form;
  }

  /** To be closed. */
  static <T> Stream<T> of(List<ExportedFile> files, Form<T> form) {
    RecordStream<T> records = new RecordStream<>(files, form);
    return StreamSupport.stream(records, false).onClose(records::close);
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
    while (!closed && (reader != null || files.hasNext())) {
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
  }

  private void beginFile() {
    file = files.next();
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
