package io.github.libbcda.spark;

import io.github.libbcda.ColumnData;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A column of a batch in the hands of Spark. The values are on the Java heap, so there is nothing to free and nothing
 * that could be used too late.
 */
final class BcdaColumn extends ColumnVector {
  private final ColumnData data;
  private final int rows;
  private final BcdaColumn items; // of a list; otherwise null

  /** {@code rows} is how many values there are. */
  BcdaColumn(DataType type, ColumnData data, int rows) {
    super(type);
    this.data = data;
    this.rows = rows;
    items =
        type instanceof ArrayType list ? new BcdaColumn(list.elementType(), data.items(), data.end(rows - 1)) : null;
  }

  @Override
  public void close() {}

  @Override
  public boolean hasNull() {
    return data.mayBeNull();
  }

  @Override
  public int numNulls() {
    return (int) IntStream.range(0, rows).filter(data::isNull).count();
  }

  @Override
  public boolean isNullAt(int row) {
    return data.isNull(row);
  }

  @Override
  public boolean getBoolean(int row) {
    return data.getBoolean(row);
  }

  @Override
  public int getInt(int row) {
    return data.getInt(row);
  }

  @Override
  public long getLong(int row) {
    return data.getLong(row);
  }

  @Override
  public double getDouble(int row) {
    return data.getDouble(row);
  }

  @Override
  public Decimal getDecimal(int row, int precision, int scale) {
    if (isNullAt(row)) {
      return null;
    }
    return precision <= Decimal.MAX_LONG_DIGITS()
        ? Decimal.createUnsafe(data.getUnscaled(row), precision, scale)
        : Decimal.apply(data.getDecimal(row), precision, scale);
  }

  /** The text is not copied: it stays valid as long as Spark keeps it. */
  @Override
  public UTF8String getUTF8String(int row) {
    return isNullAt(row) ? null : UTF8String.fromBytes(data.bytes(), data.begin(row), data.end(row) - data.begin(row));
  }

  @Override
  public byte[] getBinary(int row) {
    return isNullAt(row) ? null : Arrays.copyOfRange(data.bytes(), data.begin(row), data.end(row));
  }

  @Override
  public ColumnarArray getArray(int row) {
    return isNullAt(row) ? null : new ColumnarArray(items, data.begin(row), data.end(row) - data.begin(row));
  }

  @Override
  public ColumnVector getChild(int ordinal) {
    return items;
  }

  // No table has columns of these types.

  @Override
  public byte getByte(int row) {
    throw new UnsupportedOperationException();
  }

  @Override
  public short getShort(int row) {
    throw new UnsupportedOperationException();
  }

  @Override
  public float getFloat(int row) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ColumnarMap getMap(int row) {
    throw new UnsupportedOperationException();
  }

  @Override
  public String toString() {
    return "BcdaColumn";
  }
}
