package io.github.libbcda;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Which file to decrypt, and with what. Immutable.
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
   * Starts a request; the wrapped key comes from {@link Builder#key} or {@link Builder#manifest}.
   *
   * @param encrypted the encrypted file. Its base name is the OAEP label: it still has the name that the server gave it, or
   *     {@link Builder#label} says that name
   * @param output the plaintext's path; must not exist. It appears only when the tag has verified
   * @return a builder
   */
  public static Builder builder(Path encrypted, Path output) {
    return new Builder(encrypted, output);
  }

  /** Told how far a decryption is. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called on the decryption's own daemon thread, now and then. When it throws, the decryption is canceled and fails with
     * what it threw. A cancel interrupts it and is the last that it hears.
     *
     * @param done bytes so far
     * @param total bytes in all; -1: unknown
     */
    void update(long done, long total);
  }

  /** Makes requests. */
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
     * Says the wrapped key.
     *
     * @param hex the file's {@code encryptedKey} in hex
     * @return this
     */
    public Builder key(String hex) {
      key = Objects.requireNonNull(hex, "hex");
      return this;
    }

    /**
     * Says where the wrapped key is, instead of {@link #key}.
     *
     * @param manifest that lists the file
     * @return this
     */
    public Builder manifest(Manifest manifest) {
      this.manifest = manifest.json();
      return this;
    }

    /**
     * Says the name that the server gave the file, when it was renamed.
     *
     * @param name the base name, with its {@code .ndjson}
     * @return this
     */
    public Builder label(String name) {
      label = Objects.requireNonNull(name, "name");
      return this;
    }

    /**
     * Has the progress told.
     *
     * @param progress called on the decryption's own daemon thread
     * @return this
     */
    public Builder onProgress(Progress progress) {
      this.progress = Objects.requireNonNull(progress, "progress");
      return this;
    }

    /**
     * Makes the request.
     *
     * @return a request, which later changes of this builder do not touch
     */
    public DecryptRequest build() {
      return new DecryptRequest(this);
    }
  }
}
