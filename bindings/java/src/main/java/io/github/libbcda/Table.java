package io.github.libbcda;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Claims as rows and columns: one of the tables that the library brings along, or a view of your own. It reads finished
 * exports, series of exports and NDJSON files. {@code docs/tables} explains the tables, and what to know before you
 * count.
 *
 * <pre>{@code
 * Table lines = result.table("claim_line", new TableSettings().columns("claim_key", "paid_amount").finalOnly(true));
 * try (Stream<Row> rows = lines.rows()) {
 *   BigDecimal paid = rows.map(row -> row.getDecimal("paid_amount")).filter(Objects::nonNull)
 *       .reduce(BigDecimal.ZERO, BigDecimal::add);
 * }
 * }</pre>
 *
 * <p>A table holds no rows, no open file and nothing native, so it need not be closed. Each use reads the files again,
 * in constant memory: that of one record and one batch. Only the current state of a series
 * ({@link TableSettings#current}) needs 40 bytes more for each resource, in memory up to 256 MiB and in a file beyond
 * that. Immutable and thread-safe.
 *
 * <p><b>Errors.</b> Opening a table throws {@link BcdaException.InvalidArgument} if the table, the view or a setting is
 * wrong; the message names the column and the place in its path. It throws {@link BcdaException.Filesystem} if a path is
 * neither a finished export nor a file. Reading throws {@link BcdaException.Record} if a record is malformed or a value
 * does not fit its column; the message names the file, the line and the column, and never shows a value. It throws
 * {@link BcdaException.Verification} if a file has changed since it was verified, {@link BcdaException.Filesystem} if a
 * file is missing or cannot be read, and {@link BcdaException.Limit} if a line is longer than 256 MiB.
 */
public final class Table {
  /** Rows are few at once, because a row that is kept keeps its batch. */
  static final String ROWS_AT_ONCE = "4096";

  private static final Pattern DECIMAL = Pattern.compile("d:(\\d+),(\\d+)");

  private final List<String> paths;
  private final String definition;
  private final Values settings;
  private final List<List<String>> sources; // the paths in groups that can be read apart from each other
  private final List<Column> columns;

  private Table(List<String> paths, String definition, Values settings) {
    this.paths = paths;
    this.definition = definition;
    this.settings = settings;
    // The current state of a series depends on all files, so there all paths are one group.
    sources = asksForCurrentState() ? List.of(paths) : paths.stream().map(List::of).toList();
    try (BatchReader reader = BatchReader.open(paths, List.of(definition), settings)) {
      columns = reader.columns(0).all;
    }
  }

  // ---- Tables that the library brings along ----

  /**
   * The names of the tables that the library brings along.
   *
   * @return for example {@code "claim_line"}
   */
  public static List<String> names() {
    return IntStream.range(0, Native.table_count()).mapToObj(Native::table_name).toList();
  }

  /**
   * The dictionary of such a table.
   *
   * @param name the name of the table
   * @return what the table has, and its columns
   * @throws BcdaException.InvalidArgument there is no such table
   */
  public static TableDescription describe(String name) {
    return TableDescription.of(Native.table_columns(Objects.requireNonNull(name, "name")));
  }

  /**
   * The columns of such a table, as its dictionary has them.
   *
   * @param name the name of the table
   * @return the columns, in their order
   * @throws BcdaException.InvalidArgument there is no such table
   */
  public static List<TableColumn> columns(String name) {
    return describe(name).columns();
  }

  /**
   * The ViewDefinition (SQL on FHIR v2) of such a table. You can change it and open it as a table of your own.
   *
   * @param name the name of the table
   * @param generation any but {@link TableSettings.Generation#AUTO}
   * @return JSON text
   * @throws BcdaException.InvalidArgument there is no such table or generation
   */
  public static String view(String name, TableSettings.Generation generation) {
    return Native.table_view(Objects.requireNonNull(name, "name"), generation.toString());
  }

  // ---- One table ----

  /**
   * Opens a table of one source with the default settings.
   *
   * @param path the directory of a finished export, the directory of a series ({@link BcdaClient#sync}), or an NDJSON
   *     file
   * @param table a name from {@link #names}, or the JSON text of a ViewDefinition
   * @return a table
   * @throws BcdaException.InvalidArgument the table or the view is wrong
   * @throws BcdaException.Filesystem the path is neither a finished export nor a file
   */
  public static Table open(Path path, String table) {
    return open(List.of(path), table, new TableSettings());
  }

  /**
   * Opens a table of one or more sources.
   *
   * @param paths each is the directory of a finished export, the directory of a series ({@link BcdaClient#sync}), or an
   *     NDJSON file. The rows come in the order of the paths
   * @param table a name from {@link #names}, or the JSON text of a ViewDefinition
   * @param settings the columns, the generation and so on
   * @return a table
   * @throws BcdaException.InvalidArgument the table, the view or a setting is wrong, or there is no path
   * @throws BcdaException.Filesystem a path is neither a finished export nor a file
   */
  public static Table open(List<Path> paths, String table, TableSettings settings) {
    return new Table(texts(paths), Objects.requireNonNull(table, "table"), settings.values());
  }

  static List<String> texts(List<Path> paths) {
    return paths.stream().map(LocalPath::text).toList();
  }

  /**
   * The columns of this table, with the types that the rows have.
   *
   * @return the columns, in their order
   */
  public List<Column> columns() {
    return columns;
  }

  /**
   * The rows, in the order of the files. They are read while the stream is consumed. They come from the library in
   * batches of 4,096, or as many as {@link TableSettings#batchRows} says.
   *
   * <p>A parallel stream keeps the order too. It is split between the paths of the table, unless their current state is
   * asked for ({@link TableSettings#current}), and between batches: one thread reads a path, and others take batches
   * from it. So memory use is that of some batches for each thread. Parallel operations that keep the order, such as
   * {@code forEachOrdered}, may hold more.
   *
   * @return a stream that the caller must close. Reading throws {@link BcdaException.Record} and others, see
   *     {@link Table}. After a failure there are no more rows: each further attempt fails. After closing, reading throws
   *     {@link IllegalStateException}
   */
  public Stream<Row> rows() {
    return RowStream.of(this::openToRead, sources);
  }

  /**
   * The rows, one after another, for programs that need the number of values that were left out.
   *
   * @return a reader before the first row, which the caller must close
   * @throws BcdaException as for {@link #open}, if a file has changed since
   */
  public TableReader reader() {
    return new TableReader(openToRead(paths));
  }

  /**
   * Writes all rows to a file, in constant memory and without Java objects for the values. The file gets its name when
   * it is whole. Only its owner can read it.
   *
   * @param path the file, which must not exist
   * @param format the format of the file
   * @return the number of rows
   * @throws BcdaException.Filesystem the file exists or cannot be written
   * @throws BcdaException as for {@link #rows}, while the rows are read. No file remains
   * @throws InterruptedException the thread was interrupted before the end. No file remains
   */
  public Saved save(Path path, Format format) throws InterruptedException {
    LocalPath.text(path);
    try (BatchReader reader = BatchReader.open(paths, List.of(definition), settings);
        PrivateFile file = new PrivateFile(path)) {
      for (byte[] piece; (piece = reader.encode(format.toString())) != null; ) {
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while " + path + " was written");
        }
        file.write(piece);
      }
      file.publish();
      return new Saved(reader.rows(), reader.nulled());
    }
  }

  private BatchReader openToRead(List<String> from) {
    return openToRead(from, List.of(definition), settings);
  }

  static BatchReader openToRead(List<String> paths, List<String> tables, Values settings) {
    return BatchReader.open(paths, tables, settings.or("batch_rows", ROWS_AT_ONCE));
  }

  /**
   * Hands the rows out through Arrow's C stream interface, for Arrow's Java library, DuckDB and others in the same
   * process. The rows do not pass through Java objects. This example needs the artifact
   * {@code org.apache.arrow:arrow-c-data} and one of Arrow's memory modules:
   *
   * <pre>{@code
   * try (BufferAllocator allocator = new RootAllocator();
   *     ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
   *   table.exportTo(stream.memoryAddress());
   *   try (ArrowReader reader = Data.importArrayStream(allocator, stream)) {
   *     while (reader.loadNextBatch()) {
   *       reader.getVectorSchemaRoot() ...
   *     }
   *   }
   * }
   * }</pre>
   *
   * <p>The stream owns the native resources, and whoever imports it releases them. One thread at a time may use it. A
   * failure while it is read has the message of the {@link BcdaException} that {@link #rows} would throw. Batches have
   * at most {@link TableSettings#batchRows} rows.
   *
   * @param arrowArrayStreamAddress the address of an {@code ArrowArrayStream} in native memory. It must be empty,
   *     because its content is overwritten. A wrong address crashes the JVM
   * @throws BcdaException.InvalidArgument the address is 0
   * @throws BcdaException as for {@link #open}, if a file has changed since
   */
  public void exportTo(long arrowArrayStreamAddress) {
    if (arrowArrayStreamAddress == 0) {
      throw BcdaException.invalid("the address of the ArrowArrayStream is 0");
    }
    try (NativeHandle tables = BatchReader.unopened(paths, List.of(definition));
        NativeHandle config = settings.config()) {
      tables.run(at -> config.run(given -> Native.tables_export(at, given, arrowArrayStreamAddress)));
    }
  }

  private boolean asksForCurrentState() {
    try (NativeHandle config = settings.config()) {
      String current = config.call(at -> Native.config_get(at, "current"));
      return current.isEmpty() ? paths.stream().anyMatch(Table::maybeSeries) : !current.equals("false");
    }
  }

  /** Whether a path is neither a file nor the directory of one export. */
  private static boolean maybeSeries(String path) {
    Path source = Path.of(path);
    return Files.isDirectory(source) && !Files.exists(source.resolve("export.json"));
  }

  /** The name of the table, and the number of columns. */
  @Override
  public String toString() {
    return "Table[" + (definition.contains("{") ? "of a view" : definition) + ", " + columns.size() + " columns]";
  }

  /** The formats of files that {@link #save} writes. */
  public enum Format {
    /** CSV as in RFC 4180, with a head line. A null is an empty field, and a list is a JSON array. */
    CSV("csv"),
    /** One JSON object for each row. A decimal is a number with all its digits. */
    NDJSON("ndjson"),
    /** Arrow's IPC file format, which is also known as Feather. */
    ARROW("arrow");

    private final String value;

    Format(String value) {
      this.value = value;
    }

    /** The usual ending of a file's name, for example {@code "csv"}. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * What {@link #save} wrote.
   *
   * @param rows the number of rows
   * @param nulled how many values did not fit their column and are null, with {@link TableSettings.OnError#NULL}
   */
  public record Saved(long rows, long nulled) {}

  /** The types of columns, and the classes of their values. */
  public enum Type {
    /** Text, such as a code, an id or a name. */
    TEXT(String.class),
    /** True or false. */
    BOOLEAN(Boolean.class),
    /** A whole number of 32 bits. */
    INTEGER(Integer.class),
    /** A whole number of 64 bits. */
    LONG(Long.class),
    /** An exact decimal number, such as an amount in dollars. */
    DECIMAL(BigDecimal.class),
    /** A floating-point number of 64 bits. No table that the library brings along has it. */
    DOUBLE(Double.class),
    /** A day. */
    DATE(LocalDate.class),
    /** A point in time, in microseconds. */
    INSTANT(Instant.class),
    /** A time of day, in microseconds. */
    TIME(LocalTime.class),
    /** Bytes. */
    BYTES(byte[].class);

    private final Class<?> javaClass;

    Type(Class<?> javaClass) {
      this.javaClass = javaClass;
    }

    /**
     * The class of the values.
     *
     * @return for example {@link BigDecimal} for {@link #DECIMAL}
     */
    public Class<?> javaClass() {
      return javaClass;
    }
  }

  /**
   * A column of an open table.
   *
   * @param name the name of the column
   * @param type the type of its values, or of the items if it is a column of lists
   * @param precision the number of digits of a decimal; otherwise 0
   * @param scale how many of them follow the decimal point; otherwise 0
   * @param list whether a row has a list of such values
   */
  public record Column(String name, Type type, int precision, int scale, boolean list) {
    /** {@code format} is a format string of Arrow's C data interface. */
    static Column of(String name, String format, boolean list) {
      Matcher decimal = DECIMAL.matcher(format);
      if (decimal.matches()) {
        int precision = Integer.parseInt(decimal.group(1));
        return new Column(name, Type.DECIMAL, precision, Integer.parseInt(decimal.group(2)), list);
      }
      return new Column(name, type(name, format), 0, 0, list);
    }

    private static Type type(String name, String format) {
      return switch (format) {
        case "u" -> Type.TEXT;
        case "b" -> Type.BOOLEAN;
        case "i" -> Type.INTEGER;
        case "l" -> Type.LONG;
        case "g" -> Type.DOUBLE;
        case "tdD" -> Type.DATE;
        case "tsu:UTC" -> Type.INSTANT;
        case "ttu" -> Type.TIME;
        case "z" -> Type.BYTES;
        default -> throw BcdaException.of(
            Status.INTERNAL, "the column " + name + " has an Arrow format that is not known here: " + format, "");
      };
    }

    /** For messages: {@code "BigDecimal"} or {@code "a list of Integer"}. */
    String typeName() {
      return (list ? "a list of " : "") + type.javaClass().getSimpleName();
    }
  }
}
