package io.github.libbcda.spark;

import java.util.Set;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** A table that can be read. What is wrong with its options is found before there is one. */
final class BcdaTable implements SupportsRead {
  private final Options options;
  private final Planning planning;
  private final StructType schema;

  private BcdaTable(Options options, StructType schema) {
    this.options = options;
    this.schema = schema;
    planning = Planning.of(options);
  }

  static BcdaTable of(Options options, StructType schema) {
    return new BcdaTable(options, Types.chosen(schema, options.schema()));
  }

  @Override
  public String name() {
    return "bcda " + options.title();
  }

  @Override
  @SuppressWarnings("deprecation") // Spark 3.5 asks for nothing else
  public StructType schema() {
    return schema;
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Set.of(TableCapability.BATCH_READ);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap same) {
    return new Builder();
  }

  @Override
  public String toString() {
    return "BcdaTable[" + options.title() + "]";
  }

  /** Learns which columns a query needs. */
  private final class Builder implements ScanBuilder, SupportsPushDownRequiredColumns {
    private StructType columns = schema;

    @Override
    public void pruneColumns(StructType required) {
      columns = required;
    }

    @Override
    public Scan build() {
      return new BcdaScan(options, planning, schema, columns);
    }

    @Override
    public String toString() {
      return "BcdaTable.Builder";
    }
  }
}
