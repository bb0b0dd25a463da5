package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The result of an export or a fetch: verified files and the records in them. Immutable. It need not be closed. */
public final class ExportResult {
  private final List<ExportedFile> all;
  private final List<String> types;
  private final String transactionTime;
  private final Duration elapsed;
  private final String receipt;
  private final String manifest;
  private final String directory;
  private final boolean toSink;
  private final boolean partial;
  private final Supplier<List<Issue>> issues;

  private ExportResult(
      List<ExportedFile> all,
      String types,
      String transactionTime,
      Duration elapsed,
      String receipt,
      String manifest,
      String directory,
      boolean toSink,
      boolean partial,
      Supplier<List<Issue>> issues) {
    this.all = all;
    this.types = types.isEmpty() ? List.of() : List.of(types.split(","));
    this.transactionTime = transactionTime;
    this.elapsed = elapsed;
    this.receipt = receipt;
    this.manifest = manifest;
    this.directory = directory;
    this.toSink = toSink;
    this.partial = partial;
    this.issues = issues;
  }

  /** Applies {@code of} to the native result at {@code address}, and then destroys the native result. */
  static <R> R read(long address, LongFunction<R> of) {
    try (NativeHandle result = new NativeHandle("result", address, Native::result_destroy)) {
      return result.call(of);
    }
  }

  /**
   * The result of an earlier export, read from its receipt. This does not check whether the files still exist;
   * {@link #records} does.
   *
   * @param directory the directory of the export
   * @return a result equal to that of the export
   * @throws BcdaException.Filesystem no export has finished there, or the receipt is malformed
   */
  public static ExportResult open(Path directory) {
    String path = LocalPath.text(directory);
    Supplier<List<Issue>> issues = () -> read(Native.result_open(path, ""), ExportResult::issuesOf);
    return read(Native.result_open(path, ""), result -> of(result, false, issues));
  }

  static ExportResult of(long result, boolean toSink) {
    List<Issue> issues = issuesOf(result);
    return of(result, toSink, () -> issues);
  }

  private static List<Issue> issuesOf(long result) {
    int count = Native.result_issue_count(result);
    return IntStream.range(0, count).mapToObj(index -> Issue.of(result, index)).toList();
  }

  private static ExportResult of(long result, boolean toSink, Supplier<List<Issue>> issues) {
    int count = Native.result_file_count(result);
    return new ExportResult(
        IntStream.range(0, count).mapToObj(index -> ExportedFile.of(result, index)).toList(),
        Native.result_types(result),
        Native.result_transaction_time(result),
        Duration.ofMillis(Native.result_elapsed_ms(result)),
        Native.result_json(result),
        Native.result_manifest(result),
        Native.result_directory(result),
        toSink,
        Native.result_partial(result) != 0,
        issues);
  }

  /**
   * The data files.
   *
   * @return all files except those of {@link #errorFiles} and {@link #deletedFiles}
   */
  public List<ExportedFile> files() {
    return all.stream().filter(file -> file.kind().equals("data")).toList();
  }

  /**
   * The files with the service's errors and warnings. They hold OperationOutcomes, which may name beneficiaries.
   *
   * @return empty if there are none
   */
  public List<ExportedFile> errorFiles() {
    return all.stream().filter(ExportedFile::error).toList();
  }

  /**
   * The files of Bundles that name resources which no longer exist. Only an export with {@code since} has them.
   *
   * @return empty if the service named none
   */
  public List<ExportedFile> deletedFiles() {
    return all.stream().filter(file -> file.kind().equals("deleted")).toList();
  }

  /**
   * The resources that {@link #deletedFiles} name, each once. Each call reads the files.
   *
   * @return empty if the service named none
   * @throws BcdaException.Filesystem a file is missing or cannot be read
   * @throws BcdaException.Protocol a line is no Bundle of deletions
   * @throws IllegalStateException the files went to a sink
   */
  public List<DeletedResource> deleted() {
    if (deletedFiles().isEmpty()) {
      return List.of();
    }
    if (toSink) {
      throw new IllegalStateException("the files went to a sink: read them from there");
    }
    return DeletedResource.of(read(Native.result_open(directory, receipt), Native::result_deleted));
  }

  /**
   * The directory of the files.
   *
   * @return empty if a sink has them, or if a {@link BcdaClient#sync} had nothing to export
   */
  public Optional<Path> directory() {
    return directory.isEmpty() ? Optional.empty() : Optional.of(Path.of(directory));
  }

  /**
   * Whether an error file says that resources are missing: it has an issue of the severity {@code error} or
   * {@code fatal}, or cannot be understood.
   *
   * @return false if there are only warnings and information, as one file of each BCDA v3 job has
   */
  public boolean partial() {
    return partial;
  }

  /**
   * What the error files say. It may name beneficiaries. Equal issues of one file are one {@link Issue} with a count.
   * At most 1,000 different ones are kept; the others are counted. After {@link #open} each call reads the error files.
   * An error file that is missing or has changed is an issue too.
   *
   * @return the issues, by file
   * @throws BcdaException.Filesystem after {@link #open}: the receipt cannot be read any more
   */
  public List<Issue> issues() {
    return issues.get();
  }

  /**
   * The records of a resource type, file after file. They are read while the stream is consumed. A parallel stream is
   * split between files. Memory use is constant, except in parallel operations that keep the order, such as
   * {@code forEachOrdered}.
   *
   * <pre>{@code
   * try (Stream<String> claims = result.records("ExplanationOfBenefit")) { ... }
   * }</pre>
   *
   * @param type a resource type, for example {@code "Patient"}. A requested type without records gives an empty stream
   * @return a stream with one JSON text for each record, which the caller must close. Reading throws
   *     {@link BcdaException.Filesystem} if a file cannot be read. It throws {@link BcdaException.Verification} if the size
   *     or the number of records of a file has changed since it was verified, or if a record is not UTF-8. After closing
   *     it throws {@link IllegalStateException}
   * @throws BcdaException.InvalidArgument the export has no file of that type, and the type was not requested by name
   * @throws IllegalStateException the files went to a sink
   */
  public Stream<String> records(String type) {
    return RecordStream.of(of(type), Utf8::decodeStrictly);
  }

  /**
   * {@link #records} for parsers that take bytes.
   *
   * @param type a resource type, for example {@code "Patient"}
   * @return a stream with one array of UTF-8 for each record, which the caller must close
   * @throws BcdaException.InvalidArgument the export has no file of that type, and the type was not requested by name
   * @throws IllegalStateException the files went to a sink
   */
  public Stream<byte[]> rawRecords(String type) {
    return RecordStream.of(of(type), record -> record);
  }

  /**
   * A table of the records, with the default settings.
   *
   * <pre>{@code
   * try (Stream<Row> claims = result.table("claim").rows()) { ... }
   * }</pre>
   *
   * @param table a name from {@link Table#names}, for example {@code "claim_line"}, or the JSON text of a ViewDefinition
   * @return a table, which reads the files whenever it is used
   * @throws BcdaException.InvalidArgument the table or the view is wrong. The message names the column and the place in
   *     its path
   * @throws BcdaException.Filesystem the export has not finished, or its directory is missing
   * @throws IllegalStateException the files went to a sink, or there was nothing to export
   */
  public Table table(String table) {
    return table(table, new TableSettings());
  }

  /**
   * A table of the records.
   *
   * @param table a name from {@link Table#names}, for example {@code "claim_line"}, or the JSON text of a ViewDefinition
   * @param settings the columns, the generation and so on
   * @return a table, which reads the files whenever it is used
   * @throws BcdaException.InvalidArgument the table, the view or a setting is wrong. The message names the column and
   *     the place in its path
   * @throws BcdaException.Filesystem the export has not finished, or its directory is missing
   * @throws IllegalStateException the files went to a sink, or there was nothing to export
   */
  public Table table(String table, TableSettings settings) {
    return Table.open(tableSource(), table, settings);
  }

  /**
   * A view of your own over the records.
   *
   * @param view a file with the JSON text of a ViewDefinition
   * @param settings the columns, the generation and so on
   * @return a table, which reads the files whenever it is used
   * @throws BcdaException.InvalidArgument the view or a setting is wrong. The message names the column and the place in
   *     its path
   * @throws BcdaException.Filesystem the view cannot be read, the export has not finished, or its directory is missing
   * @throws IllegalStateException the files went to a sink, or there was nothing to export
   */
  public Table table(Path view, TableSettings settings) {
    return Table.open(tableSource(), view, settings);
  }

  private List<Path> tableSource() {
    if (toSink) {
      throw new IllegalStateException("the files went to a sink: tables are read from a directory");
    }
    return List.of(
        directory().orElseThrow(() -> new IllegalStateException("there was nothing to export, so there is no table")));
  }

  private List<ExportedFile> of(String type) {
    Objects.requireNonNull(type, "type");
    if (toSink) {
      throw new IllegalStateException("the files went to a sink: read them from there");
    }
    List<ExportedFile> found = files().stream().filter(file -> file.type().equals(type)).toList();
    if (found.isEmpty() && !types.contains(type)) {
      throw BcdaException.invalid("the export has no resource type \"" + type + "\"; it has " + typesShown());
    }
    return found;
  }

  /** The types of the files and the requested types. */
  private String typesShown() {
    Set<String> all = new TreeSet<>(types);
    files().forEach(file -> all.add(file.type()));
    return all.isEmpty() ? "none" : String.join(", ", all);
  }

  /**
   * The resource types that were requested by name. A type without a file had no records.
   *
   * @return empty for a fetch, because a manifest does not name them, and for an export of all types that a server offers
   */
  public List<String> types() {
    return types;
  }

  /**
   * The export contains the service's data up to this time: the earliest {@code transactionTime} of its jobs.
   *
   * @return empty if no job has a valid {@code transactionTime}; {@link #receipt()} has the original text
   */
  public Optional<Instant> transactionTime() {
    try {
      return Optional.of(OffsetDateTime.parse(transactionTime).toInstant());
    } catch (DateTimeParseException unsaid) {
      return Optional.empty();
    }
  }

  /**
   * The duration of the run.
   *
   * @return the duration, in milliseconds
   */
  public Duration elapsed() {
    return elapsed;
  }

  /**
   * The receipt of the run, in the form of {@code export.json}.
   *
   * @return JSON text
   */
  public String receipt() {
    return receipt;
  }

  /**
   * The manifests of the export's finished jobs, for {@link BcdaClient#fetch(Manifest, ExportRequest)} after a failure.
   * As long as the service keeps the files, no job needs to run again.
   *
   * @return empty if no job finished, for a fetch, and for a result that was opened with {@link #open}
   */
  public Optional<Manifest> manifest() {
    return manifest.isEmpty() ? Optional.empty() : Optional.of(new Manifest(manifest));
  }

  /** The numbers of files and records. */
  @Override
  public String toString() {
    long records = files().stream().mapToLong(ExportedFile::records).sum();
    return "ExportResult[%d files, %d records, %d error files]".formatted(files().size(), records, errorFiles().size());
  }
}
