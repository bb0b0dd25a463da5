package io.github.libbcda;

import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The partitions of an export.
 *
 * @param digest the SHA-256 of the manifest, in hex. Every token is bound to it
 * @param signed whether the manifest has signed URLs, with which anyone can download its files
 * @param transactionTime that of the manifest, as the service wrote it; "": these are finished exports
 * @param expires when the tokens expire; empty: never
 * @param files how many files all partitions have
 * @param bytes the size of their records; -1: the service does not say it
 * @param errorFiles how many error files the export has. Partitions leave them out
 * @param deletedFiles how many files name deleted resources. Partitions leave them out
 * @param all the partitions
 */
public record Partitions(
    String digest,
    boolean signed,
    String transactionTime,
    Optional<Instant> expires,
    int files,
    long bytes,
    int errorFiles,
    int deletedFiles,
    List<Partition> all) {

  /**
   * Cuts finished exports into partitions, whose files are read where their paths are valid, as on a file system that all
   * machines share.
   *
   * @param paths directories of exports or of series ({@link BcdaClient#sync}), or NDJSON files. Of a series only the
   *     records that count now; with {@code current=false} all
   * @param count at most so many partitions; 0: the setting {@code max_partitions}. There are never more than files
   * @param settings {@code partition_key} is not needed. With {@code types} only files of these types
   * @return the partitions
   * @throws BcdaException.InvalidArgument a setting is wrong
   * @throws BcdaException.Filesystem a path is no finished export and no file
   */
  public static Partitions of(List<Path> paths, int count, PartitionSettings settings) {
    try (NativeHandle sources = BatchReader.unopened(Table.texts(paths), List.of());
        NativeHandle config = settings.values().config()) {
      return of(sources.call(at -> config.call(given -> Native.partitions_of_sources(at, given, count))));
    }
  }

  static Partitions of(String json) {
    Map<String, Object> made = Json.object(json);
    String expires = (String) made.get("expires");
    String time = (String) made.get("transactionTime");
    return new Partitions(
        (String) made.get("digest"),
        (Boolean) made.get("signed"),
        time == null ? "" : time,
        Optional.ofNullable(expires).map(text -> OffsetDateTime.parse(text).toInstant()),
        number(made, "files"),
        bytes(made),
        number(made, "errorFiles"),
        number(made, "deletedFiles"),
        ((List<?>) made.get("partitions")).stream().map(Partitions::partition).toList());
  }

  private static Partition partition(Object made) {
    @SuppressWarnings("unchecked")
    Map<String, Object> members = (Map<String, Object>) made;
    return new Partition((String) members.get("token"), number(members, "files"), bytes(members));
  }

  private static int number(Map<String, Object> made, String name) {
    return Integer.parseInt((String) made.get(name));
  }

  private static long bytes(Map<String, Object> made) {
    String bytes = (String) made.get("bytes");
    return bytes == null ? -1 : Long.parseLong(bytes);
  }
}
