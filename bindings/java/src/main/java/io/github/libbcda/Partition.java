package io.github.libbcda;

import java.util.List;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Some files of an export, as a token that any process opens: for engines that spread one export over several processes
 * or machines, such as Spark. {@link BcdaClient#partitions} cuts a manifest, and {@link Partitions#of} finished exports.
 *
 * <pre>{@code
 * PartitionSettings settings = new PartitionSettings().environment(); // BCDA_PARTITION_KEY, credentials
 * try (TableReader rows = Partition.of(token).open(List.of("claim_line"), settings, client)) {
 *   for (Row row; (row = rows.next()) != null; ) { ... }
 * }
 * }</pre>
 *
 * <p>A partition fetches one file at a time. With {@code verify=before}, the default, the rows of a file come when the
 * whole file was verified; until then it is on the disk only in a file without a name, encrypted under a key that only
 * this process has. Opening a token again gives the same rows.
 *
 * <p><b>Clients.</b> The methods take the client that fetches the files. Share one between the partitions of a process.
 * It needs no private key. If the client is null and files have to be downloaded, a client is made of the settings.
 *
 * <p><b>Errors.</b> Opening throws {@link BcdaException.InvalidArgument} if the text is no token, or if its
 * {@code partition_key} is missing or another one; {@link BcdaException.Verification} if the token was altered; and
 * {@link BcdaException.JobGone} if it has expired. Reading throws what {@link BcdaClient#fetch} throws, and
 * {@link BcdaException.JobGone} once the service has removed the files: then only a new export helps. Messages name the
 * file and never a value.
 *
 * @param token a text without an access token and without a private key; it is sealed if {@code partition_key} was set
 * @param files how many files it has; -1: unknown
 * @param bytes the size of their records; -1: unknown
 */
public record Partition(String token, int files, long bytes) {
  /** The table of the records as they are: {@code value}, {@code type}, {@code file} and {@code line}. */
  public static final String RAW = "raw";

  /**
   * Creates a partition of which more than the token may be known.
   *
   * @param token a token that {@link Partitions} has
   * @param files how many files it has; -1: unknown
   * @param bytes the size of their records; -1: unknown
   */
  public Partition {
    Objects.requireNonNull(token, "token");
  }

  /**
   * The partition of a token that came from another process.
   *
   * @param token a token that {@link Partitions} has
   * @return a partition of unknown size
   */
  public static Partition of(String token) {
    return new Partition(token, -1, -1);
  }

  /**
   * The columns that a table has with these settings. Needs no token, so it serves to plan.
   *
   * @param table a name from {@link Table#names}, {@link #RAW}, or the JSON text of a ViewDefinition
   * @param settings the columns and so on
   * @return the columns, in their order
   * @throws BcdaException.InvalidArgument the table, the view or a setting is wrong
   */
  public static List<Table.Column> columns(String table, PartitionSettings settings) {
    try (BatchReader reader = reader("", List.of(table), settings.values(), null)) {
      return reader.columns(0).all;
    }
  }

  /**
   * Opens tables of this partition. Nothing is downloaded before the first row is asked for.
   *
   * @param tables names from {@link Table#names}, {@link #RAW}, or JSON texts of ViewDefinitions
   * @param settings the key and so on
   * @param client see above; may be null
   * @return a reader before the first row, which the caller must close
   * @throws BcdaException see above
   */
  public TableReader open(List<String> tables, PartitionSettings settings, BcdaClient client) {
    return new TableReader(reader(token, tables, settings.values().or("batch_rows", Table.ROWS_AT_ONCE), client));
  }

  /**
   * Opens the records of this partition as they are.
   *
   * @param settings the key and so on
   * @param client see above; may be null
   * @return a reader before the first record, which the caller must close
   * @throws BcdaException see above
   */
  public RecordReader records(PartitionSettings settings, BcdaClient client) {
    try (NativeHandle config = settings.values().config()) {
      long[] made = new long[1];
      withClient(client, at -> made[0] = config.call(given -> Native.reader_open_partition(at, given, token)));
      return new RecordReader(made[0]);
    }
  }

  /**
   * Hands the rows of a table out through Arrow's C stream interface, as {@link Table#exportTo} does.
   *
   * @param table as for {@link #open}
   * @param settings the key and so on
   * @param client see above; may be null
   * @param arrowArrayStreamAddress the address of an {@code ArrowArrayStream} in native memory. It must be empty,
   *     because its content is overwritten. A wrong address crashes the JVM
   * @throws BcdaException see above
   */
  public void exportTo(String table, PartitionSettings settings, BcdaClient client, long arrowArrayStreamAddress) {
    if (arrowArrayStreamAddress == 0) {
      throw BcdaException.invalid("the address of the ArrowArrayStream is 0");
    }
    try (NativeHandle tables = BatchReader.unopened(List.of(), List.of(table));
        NativeHandle config = settings.values().config()) {
      withClient(
          client,
          with ->
              tables.run(
                  at ->
                      config.run(
                          given ->
                              Native.tables_export_partition(at, with, given, token, arrowArrayStreamAddress))));
    }
  }

  private static BatchReader reader(String token, List<String> tables, Values settings, BcdaClient client) {
    return BatchReader.open(
        List.of(),
        tables,
        settings,
        (at, given) -> withClient(client, with -> Native.tables_open_partition(at, with, given, token)));
  }

  private static void withClient(BcdaClient client, LongConsumer use) {
    if (client == null) {
      use.accept(0);
    } else if (client instanceof NativeClient own) {
      own.use(use);
    } else {
      throw BcdaException.invalid("a partition needs a client that BcdaClient.builder() made");
    }
  }

  /** The numbers, without the token. */
  @Override
  public String toString() {
    return "Partition[files=" + files + ", bytes=" + bytes + "]";
  }
}
