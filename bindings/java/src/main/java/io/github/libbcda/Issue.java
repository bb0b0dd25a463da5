package io.github.libbcda;

import java.nio.file.Path;
import java.util.Optional;

/**
 * One issue of the error files: what the service could not export, and why. It may name beneficiaries.
 *
 * @param severity {@code "fatal"}, {@code "error"}, {@code "warning"}, {@code "information"} or {@code "success"}, or
 *     the service's own text
 * @param code the service's code, for example {@code "not-found"}. {@code "unreadable"}: an error file that cannot be
 *     read, or a line of it that is no OperationOutcome. {@code "left-off"}: counts further issues of this severity
 * @param text the diagnostics, or else the text of the details, or else the code. At most 4,000 bytes of UTF-8
 * @param count how often the file has this issue
 * @param file the error file, as {@link ExportedFile#path} has it; empty for {@code "left-off"}
 */
public record Issue(String severity, String code, String text, long count, Optional<Path> file) {

  static Issue of(long result, int index) {
    String file = Native.issue_file(result, index);
    return new Issue(
        Native.issue_severity(result, index),
        Native.issue_code(result, index),
        Native.issue_text(result, index),
        Native.issue_count(result, index),
        file.isEmpty() ? Optional.empty() : Optional.of(Path.of(file)));
  }

  /** The severity, code and count, without the text, because it may name beneficiaries. */
  @Override
  public String toString() {
    return count + " " + severity + " (" + code + ")";
  }
}
