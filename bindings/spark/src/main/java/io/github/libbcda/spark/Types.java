package io.github.libbcda.spark;

import io.github.libbcda.Table;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns of a table in Spark's types. */
final class Types {
  /** Their values are small. */
  private static final Set<DataType> FIXED =
      Set.of(DataTypes.BooleanType, DataTypes.IntegerType, DataTypes.LongType, DataTypes.DateType);

  private Types() {}

  static StructType schema(List<Table.Column> columns) {
    return DataTypes.createStructType(columns.stream().map(Types::field).toList());
  }

  private static StructField field(Table.Column column) {
    DataType type = type(column);
    return DataTypes.createStructField(column.name(), column.list() ? DataTypes.createArrayType(type) : type, true);
  }

  private static DataType type(Table.Column column) {
    return switch (column.type()) {
      case TEXT -> DataTypes.StringType;
      case BOOLEAN -> DataTypes.BooleanType;
      case INTEGER -> DataTypes.IntegerType;
      case LONG -> DataTypes.LongType;
      case DECIMAL -> DataTypes.createDecimalType(column.precision(), column.scale());
      case DOUBLE -> DataTypes.DoubleType;
      case DATE -> DataTypes.DateType;
      case INSTANT -> DataTypes.TimestampType;
      case BYTES -> DataTypes.BinaryType;
      case TIME -> throw Failures.invalid(
          "the column " + column.name() + " is a time of day, which Spark 3.5 does not have; leave it out (columns), or"
              + " set values=text");
    };
  }

  /** The columns of {@code all} that the caller's schema chooses. */
  static StructType chosen(StructType wanted, StructType all) {
    List<String> names = List.of(all.fieldNames());
    for (StructField field : wanted.fields()) {
      if (!names.contains(field.name())) {
        throw Failures.invalid(
            "the table has no column " + field.name() + "; it has " + String.join(", ", names));
      }
      DataType type = all.apply(field.name()).dataType();
      if (!type.equals(field.dataType())) {
        throw Failures.invalid(
            "the column " + field.name() + " is " + type.simpleString() + ", but the schema says "
                + field.dataType().simpleString());
      }
    }
    return wanted;
  }

  /** The column of a table that is the least work to read. */
  static StructType cheapest(StructType table) {
    StructField found =
        Arrays.stream(table.fields())
            .min(Comparator.comparing(field -> !FIXED.contains(field.dataType())))
            .orElseThrow();
    return DataTypes.createStructType(List.of(found));
  }
}
