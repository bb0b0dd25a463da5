package io.github.libbcda;

import java.nio.file.Path;

/**
 * One verified file.
 *
 * @param type the resource type, for example {@code "Patient"}
 * @param path the path of the file; only its name if it went to a sink
 * @param url the URL from which it was downloaded; "" if it was decrypted from a local file
 * @param bytes the size of the plaintext in bytes
 * @param records the number of NDJSON lines that are not blank
 * @param sha256 the SHA-256 of the plaintext in hex
 * @param decrypted true if the file came encrypted and its tag is verified; false if it came in plaintext
 * @param error true if the file holds OperationOutcomes (it was in the manifest's {@code error} list). It may name
 *     beneficiaries
 * @param kind {@code "data"}, {@code "error"} or {@code "deleted"}: the list of the manifest that it is from
 * @param proof what proves that the file is whole: {@code "none"}, {@code "length"}, {@code "gzip"}, {@code "sha256"}
 *     or {@code "gcm"}
 */
public record ExportedFile(
    String type,
    Path path,
    String url,
    long bytes,
    long records,
    String sha256,
    boolean decrypted,
    boolean error,
    String kind,
    String proof) {

  static ExportedFile of(long result, int index) {
    return new ExportedFile(
        Native.file_type(result, index),
        Path.of(Native.file_path(result, index)),
        Native.file_url(result, index),
        Native.file_bytes(result, index),
        Native.file_records(result, index),
        Native.file_sha256(result, index),
        Native.file_decrypted(result, index) != 0,
        Native.file_is_error(result, index) != 0,
        Native.file_kind(result, index),
        Native.file_proof(result, index));
  }

  /** The type, path and size, without the URL, because it may be signed. */
  @Override
  public String toString() {
    return type + " " + path + " (" + records + " records, " + bytes + " bytes)";
  }
}
