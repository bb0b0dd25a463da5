package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The values of one column of a {@link ColumnBatch}, as Arrow lays them out. Each type of column has its own methods;
 * the others return nothing of use. Immutable and thread-safe.
 */
public final class ColumnData {
  private final Table.Type type;
  private final int scale;
  private final byte[] validity; // a bit for each value, 0 for null; null: no value is null
  private final ByteBuffer values; // of texts and lists: where they end
  private final byte[] texts;
  private final ColumnData items; // of a list; otherwise null

  private ColumnData(long tables, int index, Table.Column column, int ofItems) {
    type = column.type();
    scale = column.scale();
    validity = Native.batch_validity(tables, index, ofItems);
    values = ByteBuffer.wrap(Native.batch_values(tables, index, ofItems)).order(ByteOrder.LITTLE_ENDIAN);
    texts = Native.batch_texts(tables, index, ofItems);
    items = column.list() && ofItems == 0 ? new ColumnData(tables, index, column, 1) : null;
  }

  /** Copies a column of the current batch of the native {@code tables}. */
  static ColumnData of(long tables, int index, Table.Column column) {
    return new ColumnData(tables, index, column, 0);
  }

  /**
   * Whether a value is null. For a null, the other methods return values without a meaning.
   *
   * @param index the place of the value, from 0
   * @return whether
   */
  public boolean isNull(int index) {
    return validity != null && !bit(validity[index >> 3], index);
  }

  /**
   * Whether any value may be null.
   *
   * @return false: none is
   */
  public boolean mayBeNull() {
    return validity != null;
  }

  /**
   * A value of a {@code BOOLEAN} column.
   *
   * @param index the place of the value, from 0
   * @return the value
   */
  public boolean getBoolean(int index) {
    return bit(values.get(index >> 3), index);
  }

  /**
   * A value of an {@code INTEGER} column, or of a {@code DATE} column.
   *
   * @param index the place of the value, from 0
   * @return the value; a date in days since 1970-01-01
   */
  public int getInt(int index) {
    return values.getInt(4 * index);
  }

  /**
   * A value of a {@code LONG}, {@code INSTANT} or {@code TIME} column.
   *
   * @param index the place of the value, from 0
   * @return the value; an instant in microseconds since 1970-01-01 UTC, a time of day in microseconds since midnight
   */
  public long getLong(int index) {
    return values.getLong(8 * index);
  }

  /**
   * A value of a {@code DOUBLE} column.
   *
   * @param index the place of the value, from 0
   * @return the value
   */
  public double getDouble(int index) {
    return values.getDouble(8 * index);
  }

  /**
   * A value of a {@code DECIMAL} column.
   *
   * @param index the place of the value, from 0
   * @return the value
   */
  public BigDecimal getDecimal(int index) {
    return decimal(16 * index);
  }

  /**
   * A value of a {@code DECIMAL} column of at most 18 digits, without its scale.
   *
   * @param index the place of the value, from 0
   * @return the digits as a number
   */
  public long getUnscaled(int index) {
    return values.getLong(16 * index);
  }

  /**
   * The bytes of all values of a {@code TEXT} column (UTF-8) or a {@code BYTES} column, one after another.
   *
   * @return not a copy: it must not be changed
   */
  public byte[] bytes() {
    return texts;
  }

  /**
   * Where a text begins in {@link #bytes}, or a list in {@link #items}.
   *
   * @param index the place of the value, from 0
   * @return the first place that belongs to the value
   */
  public int begin(int index) {
    return values.getInt(4 * index);
  }

  /**
   * Where a text or a list ends.
   *
   * @param index the place of the value, from 0
   * @return the first place behind it
   */
  public int end(int index) {
    return values.getInt(4 * index + 4);
  }

  /**
   * The items of all lists of a column of lists, one after another.
   *
   * @return null if this is no such column
   */
  public ColumnData items() {
    return items;
  }

  /** The value at {@code index}, or null. */
  Object get(int index) {
    if (isNull(index)) {
      return null;
    }
    if (items != null) {
      return list(begin(index), end(index));
    }
    return switch (type) {
      case TEXT -> new String(texts, begin(index), end(index) - begin(index), UTF_8);
      case BYTES -> Arrays.copyOfRange(texts, begin(index), end(index));
      case BOOLEAN -> getBoolean(index);
      case INTEGER -> getInt(index);
      case LONG -> getLong(index);
      case DECIMAL -> getDecimal(index);
      case DOUBLE -> getDouble(index);
      case DATE -> LocalDate.ofEpochDay(getInt(index));
      case INSTANT -> Instant.EPOCH.plus(getLong(index), ChronoUnit.MICROS);
      case TIME -> LocalTime.ofNanoOfDay(1000 * getLong(index));
    };
  }

  private List<Object> list(int begin, int end) {
    List<Object> list = new ArrayList<>(end - begin);
    for (int i = begin; i < end; i++) {
      list.add(items.get(i));
    }
    return Collections.unmodifiableList(list); // not List.copyOf, because an item may be null
  }

  /** A number of 128 bits. Most numbers need only the lower half, and the upper half repeats their sign. */
  private BigDecimal decimal(int offset) {
    long low = values.getLong(offset);
    long high = values.getLong(offset + 8);
    if (high == low >> 63) {
      return BigDecimal.valueOf(low, scale);
    }
    byte[] digits = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
    return new BigDecimal(new BigInteger(digits), scale);
  }

  private static boolean bit(byte bits, int index) {
    return (bits >> (index & 7) & 1) != 0;
  }

  /** The type, without the values. */
  @Override
  public String toString() {
    return "ColumnData[" + type + "]";
  }
}
