package io.github.libbcda.spark;

import org.apache.spark.sql.connector.metric.CustomMetric;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.types.StructType;

/**
 * One read of some columns of a table. Spark asks several times for its partitions. The answer is kept, so that tasks
 * that are told apart by their number stay the same.
 */
final class BcdaScan implements Scan, Batch {
  private final Options options;
  private final Planning planning;
  private final StructType table; // all its columns
  private final StructType columns; // those that are read
  private BcdaPartition[] partitions; // null: nobody asked yet

  BcdaScan(Options options, Planning planning, StructType table, StructType columns) {
    this.options = options;
    this.planning = planning;
    this.table = table;
    this.columns = columns;
  }

  @Override
  public StructType readSchema() {
    return columns;
  }

  @Override
  public String description() {
    return "bcda " + options.title();
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  /** So Spark need not plan partitions to know it. */
  @Override
  public ColumnarSupportMode columnarSupportMode() {
    return ColumnarSupportMode.SUPPORTED;
  }

  @Override
  public synchronized InputPartition[] planInputPartitions() {
    if (partitions == null) {
      partitions = Failures.told(planning::partitions);
    }
    return partitions.clone();
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    StructType read = columns.isEmpty() ? Types.cheapest(table) : columns; // also rows without columns are counted
    ExecutorSettings settings = Failures.told(() -> new ExecutorSettings(options, planning.profile()));
    return new BcdaReaderFactory(options.definition(), read, columns.length(), settings);
  }

  @Override
  public CustomMetric[] supportedCustomMetrics() {
    return Metrics.all();
  }

  /** Spark reads equal scans of a query once, where it can. */
  @Override
  public boolean equals(Object other) {
    return other instanceof BcdaScan scan && scan.planning == planning && scan.columns.equals(columns);
  }

  @Override
  public int hashCode() {
    return 31 * System.identityHashCode(planning) + columns.hashCode();
  }

  @Override
  public String toString() {
    return "BcdaScan[" + options.title() + "]";
  }
}
