package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What an export, or a download, produced: verified files and the records in them. Immutable; nothing to close. */
public final class ExportResult {
  private final List<ExportedFile> all;
  private final String transactionTime;
  private final Duration elapsed;
  private final String receipt;

  private ExportResult(List<ExportedFile> all, String transactionTime, Duration elapsed, String receipt) {
    this.all = all;
    this.transactionTime = transactionTime;
    this.elapsed = elapsed;
    this.receipt = receipt;
  }

  static ExportResult of(long result) {
    int count = Native.result_file_count(result);
    return new ExportResult(
        IntStream.range(0, count).mapToObj(index -> ExportedFile.of(result, index)).toList(),
        Native.result_transaction_time(result),
        Duration.ofMillis(Native.result_elapsed_ms(result)),
        Native.result_json(result));
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
   * The records of a resource type, file after file, read as the stream is consumed.
   *
   * <pre>{@code
   * try (Stream<String> claims = result.records("ExplanationOfBenefit")) { ... }
   * }</pre>
   *
   * @param type such as {@code "Patient"}; one that is not there gives an empty stream
   * @return one JSON text for each record, to be closed. Reading on may throw {@link BcdaException.Filesystem}, and after
   *     closing {@link IllegalStateException}
   */
  public Stream<String> records(String type) {
    return rawRecords(type).map(Utf8::decode);
  }

  /**
   * {@link #records} for parsers that take bytes.
   *
   * @param type such as {@code "Patient"}
   * @return UTF-8, one array for each record, to be closed
   */
  public Stream<byte[]> rawRecords(String type) {
    List<Path> paths = files().stream().filter(file -> file.type().equals(type)).map(ExportedFile::path).toList();
    return RecordStream.of(paths);
  }

  /**
   * Up to when the service's data is in the export: the earliest {@code transactionTime} of its jobs.
   *
   * @return empty when no job said so
   */
  public Optional<Instant> transactionTime() {
    return transactionTime.isEmpty() ? Optional.empty() : Optional.of(OffsetDateTime.parse(transactionTime).toInstant());
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
   * The receipt, as it is in {@code export.json}.
   *
   * @return JSON text
   */
  public String receipt() {
    return receipt;
  }

  /** How much there is. */
  @Override
  public String toString() {
    return files().size() + " files, " + errorFiles().size() + " error files";
  }
}
