package io.github.libbcda;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The records of files one after another, one reader open at a time. A flatMap would read a whole file ahead. */
final class RecordStream extends AbstractSpliterator<byte[]> implements AutoCloseable {
  private final Iterator<Path> files;
  private RecordReader reader;
  private boolean closed;

  private RecordStream(List<Path> files) {
    super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
    this.files = files.iterator();
  }

  /** To be closed. */
  static Stream<byte[]> of(List<Path> files) {
    RecordStream records = new RecordStream(files);
    return StreamSupport.stream(records, false).onClose(records::close);
  }

  @Override
  public synchronized boolean tryAdvance(Consumer<? super byte[]> action) {
    while (!closed && (reader != null || files.hasNext())) {
      if (reader == null) {
        reader = RecordReader.open(files.next());
      }
      byte[] next = reader.next();
      if (next != null) {
        action.accept(next);
        return true;
      }
      endFile();
    }
    if (closed) { // an end without a word would pass for the end of the records
      throw new IllegalStateException("the stream is closed");
    }
    return false;
  }

  @Override
  public synchronized void close() {
    closed = true;
    endFile();
  }

  private void endFile() {
    if (reader != null) {
      reader.close();
      reader = null;
    }
  }
}
