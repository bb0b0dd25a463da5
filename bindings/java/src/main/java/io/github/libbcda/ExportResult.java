package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What an export, or a download, produced: verified files and the records in them. Immutable; nothing to close. */
public final class ExportResult {
  private final List<ExportedFile> all;
  private final List<String> types;
  private final String transactionTime;
  private final Duration elapsed;
  private final String receipt;
  private final String manifest;
  private final boolean toSink;

  private ExportResult(
      List<ExportedFile> all,
      String types,
      String transactionTime,
      Duration elapsed,
      String receipt,
      String manifest,
      boolean toSink) {
    this.all = all;
    this.types = types.isEmpty() ? List.of() : List.of(types.split(","));
    this.transactionTime = transactionTime;
    this.elapsed = elapsed;
    this.receipt = receipt;
    this.manifest = manifest;
    this.toSink = toSink;
  }

  /** What {@code of} makes of the native result at {@code address}, which is gone then. */
  static <R> R read(long address, LongFunction<R> of) {
    try (NativeHandle result = new NativeHandle("result", address, Native::result_destroy)) {
      return result.call(of);
    }
  }

  /**
   * The result of an export, not of a download, that finished earlier, as its receipt has it. Whether the files are still there
   * is not looked at; {@link #records} finds out.
   *
   * @param directory where it was exported to
   * @return the same as that export's
   * @throws BcdaException.Filesystem no export has finished there, or the receipt is malformed
   */
  public static ExportResult open(Path directory) {
    return read(Native.result_open(LocalPath.text(directory), ""), result -> of(result, false));
  }

  static ExportResult of(long result, boolean toSink) {
    int count = Native.result_file_count(result);
    return new ExportResult(
        IntStream.range(0, count).mapToObj(index -> ExportedFile.of(result, index)).toList(),
        Native.result_types(result),
        Native.result_transaction_time(result),
        Duration.ofMillis(Native.result_elapsed_ms(result)),
        Native.result_json(result),
        Native.result_manifest(result),
        toSink);
  }

  /**
   * The data files.
   *
   * @return without those of {@link #errorFiles}
   */
  public List<ExportedFile> files() {
    return all.stream().filter(file -> !file.error()).toList();
  }

  /**
   * The files of what the service could not export: OperationOutcomes, which may name beneficiaries.
   *
   * @return empty when it exported everything
   */
  public List<ExportedFile> errorFiles() {
    return all.stream().filter(ExportedFile::error).toList();
  }

  /**
   * The records of a resource type, file after file, read as the stream is consumed. A parallel stream is split between files,
   * and needs constant memory too, but for operations that keep the order, such as {@code forEachOrdered}.
   *
   * <pre>{@code
   * try (Stream<String> claims = result.records("ExplanationOfBenefit")) { ... }
   * }</pre>
   *
   * @param type such as {@code "Patient"}; one that was asked for, and of which there is nothing, gives an empty stream
   * @return one JSON text for each record, to be closed. Reading on may throw {@link BcdaException.Filesystem};
   *     {@link BcdaException.Verification} when a file has not the size, or the number of records, that it had when it was
   *     verified, or a record is not UTF-8; and after closing {@link IllegalStateException}
   * @throws BcdaException.InvalidArgument the export was not asked for that type
   * @throws IllegalStateException the files went to a sink
   */
  public Stream<String> records(String type) {
    return RecordStream.of(of(type), Utf8::decodeStrictly);
  }

  /**
   * {@link #records} for parsers that take bytes.
   *
   * @param type such as {@code "Patient"}
   * @return UTF-8, one array for each record, to be closed
   * @throws BcdaException.InvalidArgument the export was not asked for that type
   * @throws IllegalStateException the files went to a sink
   */
  public Stream<byte[]> rawRecords(String type) {
    return RecordStream.of(of(type), record -> record);
  }

  private List<ExportedFile> of(String type) {
    Objects.requireNonNull(type, "type");
    if (toSink) {
      throw new IllegalStateException("the files went to a sink: read them from there");
    }
    List<ExportedFile> found = files().stream().filter(file -> file.type().equals(type)).toList();
    if (found.isEmpty()) {
      expectAsked(type);
    }
    return found;
  }

  /** A download does not know what was asked for. */
  private void expectAsked(String type) {
    if (!types.isEmpty() && !types.contains(type)) {
      throw BcdaException.invalid(
          "the export has no resource type \"" + type + "\": it has " + String.join(", ", types));
    }
  }

  /**
   * The resource types that the export was asked for. A type without a file had no records.
   *
   * @return empty of a download, since a manifest does not say
   */
  public List<String> types() {
    return types;
  }

  /**
   * Up to when the service's data is in the export: the earliest {@code transactionTime} of its jobs.
   *
   * @return empty when no job said so, or none in a form that is a time; {@link #receipt()} has it as it was said
   */
  public Optional<Instant> transactionTime() {
    try {
      return Optional.of(OffsetDateTime.parse(transactionTime).toInstant());
    } catch (DateTimeParseException unsaid) {
      return Optional.empty();
    }
  }

  /**
   * How long the run took.
   *
   * @return to the millisecond
   */
  public Duration elapsed() {
    return elapsed;
  }

  /**
   * The receipt, as an export has it in {@code export.json}; a download writes none.
   *
   * @return JSON text
   */
  public String receipt() {
    return receipt;
  }

  /**
   * What the jobs of the export offered, for {@link BcdaClient#fetch(Manifest, ExportRequest)} after a failure: no job has to
   * run again, as long as the service keeps what they made.
   *
   * @return empty when no job got so far, and of a download or an export that was opened again
   */
  public Optional<Manifest> manifest() {
    return manifest.isEmpty() ? Optional.empty() : Optional.of(new Manifest(manifest));
  }

  /** How much there is. */
  @Override
  public String toString() {
    long records = files().stream().mapToLong(ExportedFile::records).sum();
    return "ExportResult[%d files, %d records, %d error files]".formatted(files().size(), records, errorFiles().size());
  }
}
