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
 * The values of one column in a batch, as Arrow lays them out. It is a copy, so it outlives the native batch. Immutable
 * and thread-safe, because it reads its buffers only by index.
 */
final class ColumnData {
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

  /** The value at {@code index}, or null. */
  Object get(int index) {
    if (validity != null && !bit(validity[index >> 3], index)) {
      return null;
    }
    if (items != null) {
      return list(begin(index), values.getInt(4 * index + 4));
    }
    return switch (type) {
      case TEXT -> new String(texts, begin(index), values.getInt(4 * index + 4) - begin(index), UTF_8);
      case BYTES -> Arrays.copyOfRange(texts, begin(index), values.getInt(4 * index + 4));
      case BOOLEAN -> bit(values.get(index >> 3), index);
      case INTEGER -> values.getInt(4 * index);
      case LONG -> values.getLong(8 * index);
      case DECIMAL -> decimal(16 * index);
      case DOUBLE -> values.getDouble(8 * index);
      case DATE -> LocalDate.ofEpochDay(values.getInt(4 * index));
      case INSTANT -> Instant.EPOCH.plus(values.getLong(8 * index), ChronoUnit.MICROS);
      case TIME -> LocalTime.ofNanoOfDay(1000 * values.getLong(8 * index));
    };
  }

  private List<Object> list(int begin, int end) {
    List<Object> list = new ArrayList<>(end - begin);
    for (int i = begin; i < end; i++) {
      list.add(items.get(i));
    }
    return Collections.unmodifiableList(list); // not List.copyOf, because an item may be null
  }

  private int begin(int index) {
    return values.getInt(4 * index);
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
}
