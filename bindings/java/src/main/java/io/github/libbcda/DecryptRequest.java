package io.github.libbcda;

import java.nio.file.Path;
import java.util.Objects;

/**
 * The file to decrypt, its wrapped key and the output. Immutable.
 *
 * <pre>{@code
 * DecryptRequest.builder(Path.of("5dbc5760-….ndjson"), Path.of("Patient.ndjson")).manifest(manifest).build()
 * }</pre>
 */
public final class DecryptRequest {
  final Path encrypted;
  final Path output;
  final String label;
  final String key;
  final String manifest;
  final Progress progress;

  private DecryptRequest(Builder builder) {
    encrypted = builder.encrypted;
    output = builder.output;
    label = builder.label;
    key = builder.key;
    manifest = builder.manifest;
    progress = builder.progress;
  }

  /**
   * Creates a builder. The wrapped key comes from {@link Builder#key} or {@link Builder#manifest}.
   *
   * @param encrypted the encrypted file. The name that the server gave to it is the OAEP label of its wrapped key. If
   *     the file was renamed, give that name to {@link Builder#label}
   * @param output the path of the plaintext; it must not exist. The file appears only when the tag is verified
   * @return a builder
   */
  public static Builder builder(Path encrypted, Path output) {
    return new Builder(encrypted, output);
  }

  /** A listener for the progress of a decryption. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called from time to time on the decryption's own daemon thread. If it throws, the decryption is canceled and
     * fails with that exception. A cancel interrupts a running call, and no call follows.
     *
     * @param done the number of bytes so far
     * @param total the number of bytes in total; -1: unknown
     */
    void update(long done, long total);
  }

  /** Builds requests. */
  public static final class Builder {
    private final Path encrypted;
    private final Path output;
    private String label = "";
    private String key = "";
    private String manifest = "";
    private Progress progress = (done, total) -> {};

    private Builder(Path encrypted, Path output) {
      this.encrypted = Objects.requireNonNull(encrypted, "encrypted");
      this.output = Objects.requireNonNull(output, "output");
    }

    /**
     * Sets the wrapped key.
     *
     * @param hex the file's {@code encryptedKey} in hex
     * @return this
     */
    public Builder key(String hex) {
      key = Objects.requireNonNull(hex, "hex");
      return this;
    }

    /**
     * Sets the manifest that has the wrapped key, instead of {@link #key}.
     *
     * @param manifest a manifest that lists the file
     * @return this
     */
    public Builder manifest(Manifest manifest) {
      this.manifest = manifest.json();
      return this;
    }

    /**
     * Sets the name that the server gave to the file. It is needed if the file was renamed.
     *
     * @param name the base name, including {@code .ndjson}
     * @return this
     */
    public Builder label(String name) {
      label = Objects.requireNonNull(name, "name");
      return this;
    }

    /**
     * Sets a listener for the progress.
     *
     * @param progress called on the decryption's own daemon thread
     * @return this
     */
    public Builder onProgress(Progress progress) {
      this.progress = Objects.requireNonNull(progress, "progress");
      return this;
    }

    /**
     * Builds the request.
     *
     * @return a request, which later changes of this builder do not affect
     */
    public DecryptRequest build() {
      return new DecryptRequest(this);
    }
  }
}
