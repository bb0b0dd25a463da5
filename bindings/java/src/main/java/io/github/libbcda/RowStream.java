package io.github.libbcda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Spliterator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Streams the rows of several sources, one source after another. Only one source is open at a time.
 *
 * <p>A parallel stream is split between sources first. A source that is read by one thread hands out its next batch as a
 * part for another thread. Only a few parts may wait at the same time, because otherwise a slow consumer would fill the
 * memory with batches.
 */
final class RowStream implements Spliterator<Row>, AutoCloseable {
  /** Enough parts to keep all threads busy. If as many wait, no thread has time for more. */
  private static final int MOST_PARTS = 2 * Runtime.getRuntime().availableProcessors() + 2;

  private final Function<List<String>, BatchReader> open;
  private final Deque<List<String>> sources;
  private final AtomicInteger waiting; // parts that are not read to their end, of all streams that were split
  private final List<RowStream> others = new ArrayList<>(); // split off from this one, and closed with it
  private BatchReader reader;
  private ColumnBatch batch;
  private int next; // the next row of the batch
  private volatile boolean closed;

  private RowStream(Function<List<String>, BatchReader> open, Deque<List<String>> sources, AtomicInteger waiting) {
    this.open = open;
    this.sources = sources;
    this.waiting = waiting;
  }

  /** A stream of the rows. The caller must close it. */
  static Stream<Row> of(Function<List<String>, BatchReader> open, List<List<String>> sources) {
    RowStream rows = new RowStream(open, new ArrayDeque<>(sources), new AtomicInteger());
    return StreamSupport.stream(rows, false).onClose(rows::close);
  }

  /** Splits off the first half of the sources, or else the rest of a batch. */
  @Override
  public synchronized Spliterator<Row> trySplit() {
    if (closed) {
      return null;
    }
    if (reader == null && sources.size() > 1) {
      return splitSources();
    }
    if (waiting.get() >= MOST_PARTS || !haveRow()) {
      return null;
    }
    waiting.incrementAndGet();
    Part part = new Part(batch, next);
    batch = null;
    return part;
  }

  private RowStream splitSources() {
    Deque<List<String>> first = new ArrayDeque<>();
    for (int half = sources.size() / 2; half > 0; half--) {
      first.add(sources.remove());
    }
    RowStream other = new RowStream(open, first, waiting);
    others.add(other);
    return other;
  }

  /** Unknown, as the specification of Spliterator has it. */
  @Override
  public long estimateSize() {
    return Long.MAX_VALUE;
  }

  @Override
  public int characteristics() {
    return ORDERED | NONNULL;
  }

  /** Runs the action without the lock, so that close() does not wait for a slow action. */
  @Override
  public boolean tryAdvance(Consumer<? super Row> action) {
    Row row = next();
    if (row != null) {
      action.accept(row);
    }
    return row != null;
  }

  /** The next row, or null at the end. */
  private synchronized Row next() {
    expectOpen();
    return haveRow() ? batch.row(next++) : null;
  }

  /** Reads until there is a next row. Returns false at the end. */
  private boolean haveRow() {
    while (batch == null || next == batch.rows()) {
      batch = null;
      next = 0;
      if (reader == null) {
        if (sources.isEmpty()) {
          return false;
        }
        reader = open.apply(sources.peek()); // it stays first, so that another attempt fails too
        sources.remove();
      }
      batch = reader.next();
      if (batch == null) {
        reader.close();
        reader = null;
      }
    }
    return true;
  }

  private void expectOpen() {
    if (closed) { // a silent end would look like the end of the rows
      throw new IllegalStateException("the stream is closed");
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (reader != null) {
      reader.close();
    }
    others.forEach(RowStream::close);
  }

  /** The rows of a batch for one thread. It is closed with its stream, although it holds nothing native. */
  private final class Part implements Spliterator<Row> {
    private ColumnBatch rest; // null at the end
    private int next;

    Part(ColumnBatch batch, int next) {
      this.rest = batch;
      this.next = next;
    }

    /** Never, because a batch is little work. */
    @Override
    public Spliterator<Row> trySplit() {
      return null;
    }

    @Override
    public long estimateSize() {
      return rest == null ? 0 : rest.rows() - next;
    }

    @Override
    public int characteristics() {
      return ORDERED | NONNULL | SIZED | SUBSIZED;
    }

    @Override
    public boolean tryAdvance(Consumer<? super Row> action) {
      expectOpen();
      if (rest == null) {
        return false;
      }
      Row row = rest.row(next++);
      if (next == rest.rows()) {
        rest = null;
        waiting.decrementAndGet();
      }
      action.accept(row);
      return true;
    }
  }
}
