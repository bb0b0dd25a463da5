package io.github.libbcda;

// Generated from the library's table by ./dev docs.

/**
 * The settings of a {@link Table}. Null means the default.
 *
 * <pre>{@code
 * new TableSettings().columns("claim_key", "paid_amount").finalOnly(true)
 * }</pre>
 *
 * <p>A table takes the values when it is opened. Later changes do not affect it. For one thread at a time.
 */
public final class TableSettings extends Settings<TableSettings> {
  /** Creates settings that have their defaults. */
  public TableSettings() {}

  /**
   * Columns of the table, in this order; by default all.
   *
   * @param value one or more
   * @return this
   */
  public TableSettings columns(String... value) {
    return put("columns", value);
  }

  /** Generation of the claims data; auto asks the receipt, or else the records. */
  public enum Generation {
    /** {@code auto} */
    AUTO("auto"),
    /** {@code stu3} */
    STU3("stu3"),
    /** {@code v2} */
    V2("v2"),
    /** {@code v3} */
    V3("v3");

    private final String value;

    Generation(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * Generation of the claims data; auto asks the receipt, or else the records.
   *
   * @param value one of them (default {@code auto})
   * @return this
   */
  public TableSettings generation(Generation value) {
    return put("generation", value);
  }

  /** A value that does not fit its column: fail ends the read; null leaves the value out and counts it. */
  public enum OnError {
    /** {@code fail} */
    FAIL("fail"),
    /** {@code null} */
    NULL("null");

    private final String value;

    OnError(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * A value that does not fit its column: fail ends the read; null leaves the value out and counts it.
   *
   * @param value one of them (default {@code fail})
   * @return this
   */
  public TableSettings onError(OnError value) {
    return put("on_error", value);
  }

  /** typed: each column has its type; text: all columns are text. */
  public enum Values {
    /** {@code typed} */
    TYPED("typed"),
    /** {@code text} */
    TEXT("text");

    private final String value;

    Values(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * typed: each column has its type; text: all columns are text.
   *
   * @param value one of them (default {@code typed})
   * @return this
   */
  public TableSettings values(Values value) {
    return put("values", value);
  }

  /**
   * Only the latest state of each resource, without those that were deleted; by default true for a series, and false otherwise.
   *
   * @param value whether
   * @return this
   */
  public TableSettings current(boolean value) {
    return set("current", Boolean.toString(value));
  }

  /**
   * Leave out claims that were canceled or deleted, or are not final.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public TableSettings finalOnly(boolean value) {
    return set("final_only", Boolean.toString(value));
  }

  /**
   * Most rows of one Arrow batch, 1 to 16777216.
   *
   * @param value how many (default {@code 65536})
   * @return this
   */
  public TableSettings batchRows(int value) {
    return set("batch_rows", Integer.toString(value));
  }

  @Override
  TableSettings self() {
    return this;
  }
}
