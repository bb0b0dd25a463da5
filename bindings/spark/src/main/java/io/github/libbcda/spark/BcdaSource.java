package io.github.libbcda.spark;

import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * The data source {@code bcda}: {@code spark.read().format("bcda")}. Spark finds it by its name, and makes it often, so
 * making it costs nothing.
 */
public final class BcdaSource implements TableProvider, DataSourceRegister {
  /** For Spark. */
  public BcdaSource() {}

  @Override
  public String shortName() {
    return "bcda";
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return Failures.told(() -> Options.of(options.asCaseSensitiveMap()).schema());
  }

  /** True, so that the caller may choose columns by a schema of his own. */
  @Override
  public boolean supportsExternalMetadata() {
    return true;
  }

  @Override
  public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> options) {
    return Failures.told(() -> BcdaTable.of(Options.of(options), schema));
  }

  @Override
  public String toString() {
    return "BcdaSource";
  }
}
