package io.github.libbcda;

import java.util.Objects;

/**
 * The manifests of finished jobs, as JSON text. They list the files to download. Immutable. It can be stored in a file
 * or a queue, to download later or on another machine. Keep it private, because its URLs may be signed.
 *
 * @param json one manifest, or several one after another
 */
public record Manifest(String json) {
  /**
   * Creates a manifest from JSON text, for example from a stored one.
   *
   * @param json one manifest, or several one after another; {@link BcdaClient#fetch} checks it
   */
  public Manifest {
    Objects.requireNonNull(json, "json");
  }

  /** The length of the text, without the content. */
  @Override
  public String toString() {
    return "Manifest of " + json.length() + " characters";
  }
}
