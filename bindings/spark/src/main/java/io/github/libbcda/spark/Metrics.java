package io.github.libbcda.spark;

import org.apache.spark.sql.connector.metric.CustomMetric;
import org.apache.spark.sql.connector.metric.CustomSumMetric;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;

/** What Spark's UI shows of a read. */
public final class Metrics {
  private Metrics() {}

  static CustomMetric[] all() {
    return new CustomMetric[] {new Bytes(), new Files(), new Rows()};
  }

  /** One value of a task. */
  record Value(String name, long value) implements CustomTaskMetric {}

  static CustomTaskMetric[] values(long bytes, long files, long rows) {
    return new CustomTaskMetric[] {
      new Value(Bytes.NAME, bytes), new Value(Files.NAME, files), new Value(Rows.NAME, rows)
    };
  }

  /** How large the records were that were read: decrypted and unpacked. */
  public static final class Bytes extends CustomSumMetric {
    static final String NAME = "bytesOfRecords";

    /** For Spark. */
    public Bytes() {}

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String description() {
      return "bytes of records";
    }
  }

  /** The files that were read. */
  public static final class Files extends CustomSumMetric {
    static final String NAME = "filesRead";

    /** For Spark. */
    public Files() {}

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String description() {
      return "files read";
    }
  }

  /** The rows that were made. */
  public static final class Rows extends CustomSumMetric {
    static final String NAME = "rowsRead";

    /** For Spark. */
    public Rows() {}

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String description() {
      return "rows read";
    }
  }
}
