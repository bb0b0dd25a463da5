package io.github.libbcda.spark;

import io.github.libbcda.BcdaException;
import io.github.libbcda.ColumnBatch;
import io.github.libbcda.Status;
import io.github.libbcda.TableReader;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * Fetches, decrypts, verifies and parses the files of a partition, in a task. The library is called on a thread of its
 * own, because a call that waits for a download does not notice that Spark interrupts the task.
 */
final class BcdaReader implements PartitionReader<ColumnarBatch> {
  private static final long BETWEEN_LOOKS = 250; // milliseconds

  private final BcdaPartition partition;
  private final ExecutorSettings settings;
  private final List<DataType> types; // none: only the rows are counted
  private final TaskContext task = TaskContext.get(); // null outside of a task
  private final TableReader reader;
  private final ExecutorService worker = Executors.newSingleThreadExecutor(work -> daemon(work));
  private ColumnBatch batch;
  private long bytes;
  private long files;
  private long rows;

  BcdaReader(
      BcdaPartition partition, ExecutorSettings settings, String table, List<String> columns, List<DataType> types) {
    this.partition = partition;
    this.settings = settings;
    this.types = types;
    partition.gone().check(where());
    reader = told(() -> settings.open(partition.token(), table, columns));
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "bcda-reader");
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public boolean next() {
    batch = told(() -> await(worker.submit(reader::nextBatch)));
    bytes = reader.bytes();
    files = reader.files();
    rows += batch == null ? 0 : batch.rows();
    return batch != null;
  }

  /** Waits for the library. If the task is ended meanwhile, the download is. */
  private ColumnBatch await(Future<ColumnBatch> next) {
    for (; ; ) {
      try {
        return next.get(BETWEEN_LOOKS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException notYet) {
        if (task != null && task.isInterrupted()) {
          reader.cancel();
        }
      } catch (InterruptedException ended) {
        reader.cancel();
        Thread.currentThread().interrupt();
        throw new BcdaSparkException(Status.CANCELED, "the task was ended" + where());
      } catch (ExecutionException failed) {
        Throwable cause = failed.getCause();
        throw cause instanceof RuntimeException failure ? failure : new IllegalStateException(cause);
      }
    }
  }

  @Override
  public ColumnarBatch get() {
    ColumnVector[] vectors =
        IntStream.range(0, types.size())
            .mapToObj(place -> new BcdaColumn(types.get(place), batch.column(place), batch.rows()))
            .toArray(ColumnVector[]::new);
    return new ColumnarBatch(vectors, batch.rows());
  }

  @Override
  public CustomTaskMetric[] currentMetricsValues() {
    return Metrics.values(bytes, files, rows);
  }

  @Override
  public void close() {
    worker.shutdown();
    reader.cancel();
    reader.close();
  }

  private interface Work<T> {
    T get();
  }

  private <T> T told(Work<T> work) {
    try {
      return work.get();
    } catch (BcdaException.JobGone failure) {
      if (failure.httpStatus().isEmpty()) { // the token has expired, and a new one may do
        throw Failures.of(failure, where());
      }
      partition.gone().set();
      throw Failures.of(failure, partition.gone().remedy() + where());
    } catch (BcdaException.Authentication failure) {
      Clients.forget(settings);
      throw Failures.of(failure, where());
    } catch (BcdaException failure) {
      throw Failures.of(failure, where());
    }
  }

  private String where() {
    return " (task " + partition.number() + ")";
  }

  @Override
  public String toString() {
    return "BcdaReader of " + partition;
  }
}
