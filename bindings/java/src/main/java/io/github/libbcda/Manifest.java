package io.github.libbcda;

import java.util.Objects;

/**
 * What finished jobs offer for download: the service's manifests as JSON text. Immutable; keep it in a file or a queue to
 * download another day or on another machine, and keep it private: its URLs may be signed.
 *
 * @param json one manifest, or several one after another
 */
public record Manifest(String json) {
  /**
   * Takes a manifest that was kept.
   *
   * @param json one manifest, or several one after another; {@link BcdaClient#fetch} checks it
   */
  public Manifest {
    Objects.requireNonNull(json, "json");
  }

  /** Without the content. */
  @Override
  public String toString() {
    return "Manifest of " + json.length() + " characters";
  }
}
