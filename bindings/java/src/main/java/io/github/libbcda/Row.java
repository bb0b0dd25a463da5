package io.github.libbcda;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One row of a {@link Table}. Immutable and thread-safe. It stays valid after its stream or reader has gone on or was
 * closed. It keeps the other rows of its batch in memory: whoever keeps a few of many rows keeps their values
 * ({@link #toMap}) instead.
 *
 * <p>Each getter returns null where the row has no value. A column of another type than the getter's throws
 * {@link BcdaException.InvalidArgument}, and so does a name that is no column.
 */
public final class Row {
  private final ColumnBatch batch;
  private final int index;

  Row(ColumnBatch batch, int index) {
    this.batch = batch;
    this.index = index;
  }

  /**
   * The columns of the row's table.
   *
   * @return the columns, in their order
   */
  public List<Table.Column> columns() {
    return batch.columns().all;
  }

  /**
   * The value of a column of any type.
   *
   * @param column its name
   * @return an object of the class that {@link Table.Type} says, a {@link List} of such objects for a column of lists,
   *     or null
   */
  public Object get(String column) {
    return get(batch.columns().find(column));
  }

  /**
   * The value of a column of any type.
   *
   * @param column its place in {@link #columns}, from 0
   * @return as for {@link #get(String)}
   * @throws IndexOutOfBoundsException there is no such column
   */
  public Object get(int column) {
    return batch.get(index, column);
  }

  /**
   * Whether a column has no value. A list without items is a value.
   *
   * @param column its name
   * @return true if {@link #get(String)} returns null
   */
  public boolean isNull(String column) {
    return get(column) == null;
  }

  /**
   * The text of a column of {@link Table.Type#TEXT}.
   *
   * @param column its name
   * @return the text, or null
   */
  public String getText(String column) {
    return typed(column, String.class);
  }

  /**
   * The number of a column of {@link Table.Type#INTEGER}.
   *
   * @param column its name
   * @return the number, or null
   */
  public Integer getInteger(String column) {
    return typed(column, Integer.class);
  }

  /**
   * The number of a column of {@link Table.Type#LONG} or {@link Table.Type#INTEGER}.
   *
   * @param column its name
   * @return the number, or null
   */
  public Long getLong(String column) {
    int place = batch.columns().find(column);
    if (isOne(place, Table.Type.INTEGER)) {
      Integer value = (Integer) get(place);
      return value == null ? null : value.longValue();
    }
    return typed(column, Long.class);
  }

  /**
   * The exact number of a column of {@link Table.Type#DECIMAL}, {@link Table.Type#LONG} or {@link Table.Type#INTEGER}.
   *
   * @param column its name
   * @return the number, whose scale is that of the column, or null
   */
  public BigDecimal getDecimal(String column) {
    int place = batch.columns().find(column);
    if (isOne(place, Table.Type.INTEGER) || isOne(place, Table.Type.LONG)) {
      Long value = getLong(column);
      return value == null ? null : BigDecimal.valueOf(value);
    }
    return typed(column, BigDecimal.class);
  }

  /**
   * The number of a column of {@link Table.Type#DOUBLE}. Amounts are decimals, see {@link #getDecimal}.
   *
   * @param column its name
   * @return the number, or null
   */
  public Double getDouble(String column) {
    return typed(column, Double.class);
  }

  /**
   * The value of a column of {@link Table.Type#BOOLEAN}.
   *
   * @param column its name
   * @return the value, or null
   */
  public Boolean getBoolean(String column) {
    return typed(column, Boolean.class);
  }

  /**
   * The day of a column of {@link Table.Type#DATE}.
   *
   * @param column its name
   * @return the day, or null
   */
  public LocalDate getDate(String column) {
    return typed(column, LocalDate.class);
  }

  /**
   * The point in time of a column of {@link Table.Type#INSTANT}.
   *
   * @param column its name
   * @return the point in time, in microseconds, or null
   */
  public Instant getInstant(String column) {
    return typed(column, Instant.class);
  }

  /**
   * The time of day of a column of {@link Table.Type#TIME}.
   *
   * @param column its name
   * @return the time of day, in microseconds, or null
   */
  public LocalTime getTime(String column) {
    return typed(column, LocalTime.class);
  }

  /**
   * The bytes of a column of {@link Table.Type#BYTES}.
   *
   * @param column its name
   * @return a new array, or null
   */
  public byte[] getBytes(String column) {
    return typed(column, byte[].class);
  }

  /**
   * The items of a column of lists.
   *
   * <pre>{@code
   * List<Integer> sequences = row.getList("diagnosis_sequences", Integer.class);
   * }</pre>
   *
   * @param <T> the class of the items
   * @param column its name
   * @param items the class of the items, as {@link Table.Type#javaClass} has it
   * @return an immutable list, empty if there are no items. Null only if an item did not fit its column and
   *     {@link TableSettings.OnError#NULL} left the list out
   */
  @SuppressWarnings("unchecked") // the type of the column was compared
  public <T> List<T> getList(String column, Class<T> items) {
    return (List<T>) get(expect(column, items, true));
  }

  /**
   * All values by the names of their columns. The map does not keep other rows in memory.
   *
   * @return an immutable map in the order of the columns; a value may be null
   */
  public Map<String, Object> toMap() {
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < columns().size(); i++) {
      values.put(columns().get(i).name(), get(i));
    }
    return Collections.unmodifiableMap(values);
  }

  private <T> T typed(String column, Class<T> wanted) {
    return wanted.cast(get(expect(column, wanted, false)));
  }

  private boolean isOne(int place, Table.Type type) {
    Table.Column column = columns().get(place);
    return column.type() == type && !column.list();
  }

  /** The place of a column. Fails if it has other values, also where the row has none. */
  private int expect(String name, Class<?> wanted, boolean list) {
    int place = batch.columns().find(name);
    Table.Column column = columns().get(place);
    if (column.type().javaClass() != wanted || column.list() != list) {
      throw BcdaException.invalid(
          "the column %s is %s, not %s%s"
              .formatted(name, column.typeName(), list ? "a list of " : "", wanted.getSimpleName()));
    }
    return place;
  }

  /** The number of columns. No values, because they are about beneficiaries. */
  @Override
  public String toString() {
    return "Row[" + columns().size() + " columns]";
  }
}
