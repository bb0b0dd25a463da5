package io.github.libbcda.spark;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/** What all tasks of a scan have in common. It goes to the executors, and has no secret. */
final class BcdaReaderFactory implements PartitionReaderFactory {
  private static final long serialVersionUID = 1;

  private final String definition;
  private final StructType read;
  private final int wanted; // how many of these columns Spark gets: 0 if it only counts the rows
  private final ExecutorSettings settings;

  BcdaReaderFactory(String definition, StructType read, int wanted, ExecutorSettings settings) {
    this.definition = definition;
    this.read = read;
    this.wanted = wanted;
    this.settings = settings;
  }

  @Override
  public boolean supportColumnarReads(InputPartition partition) {
    return true;
  }

  @Override
  public PartitionReader<ColumnarBatch> createColumnarReader(InputPartition partition) {
    return new BcdaReader((BcdaPartition) partition, settings, definition, List.of(read.fieldNames()), types());
  }

  private List<DataType> types() {
    return Arrays.stream(read.fields()).limit(wanted).map(StructField::dataType).toList();
  }

  @Override
  public PartitionReader<InternalRow> createReader(InputPartition partition) {
    throw new UnsupportedOperationException("bcda gives columns"); // Spark asks supportColumnarReads first
  }

  @Override
  public String toString() {
    return "BcdaReaderFactory";
  }
}
