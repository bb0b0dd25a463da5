package io.github.libbcda;

import java.nio.file.Path;

/**
 * One verified file.
 *
 * @param type resource type, such as {@code "Patient"}
 * @param path where it is; only its name when it went to a sink
 * @param url where it came from; "" when it was decrypted from a file
 * @param bytes its size, decrypted
 * @param records its NDJSON lines that are not blank
 * @param sha256 of the decrypted bytes, in hex
 * @param decrypted true: it came encrypted and its tag verified; false: it came plain
 * @param error true: it holds OperationOutcomes, of what the service could not export (the manifest's {@code error}). It
 *     may name beneficiaries
 */
public record ExportedFile(
    String type, Path path, String url, long bytes, long records, String sha256, boolean decrypted, boolean error) {

  static ExportedFile of(long result, int index) {
    return new ExportedFile(
        Native.file_type(result, index),
        Path.of(Native.file_path(result, index)),
        Native.file_url(result, index),
        Native.file_bytes(result, index),
        Native.file_records(result, index),
        Native.file_sha256(result, index),
        Native.file_decrypted(result, index) != 0,
        Native.file_is_error(result, index) != 0);
  }

  /** Type, path and size, but not the URL, which may be a signed one. */
  @Override
  public String toString() {
    return type + " " + path + " (" + records + " records, " + bytes + " bytes)";
  }
}
