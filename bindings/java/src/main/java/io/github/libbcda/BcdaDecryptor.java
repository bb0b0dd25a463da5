package io.github.libbcda;

/**
 * Decrypts files that were downloaded by other means, as the service's own script did, at any size. Thread-safe; nothing to
 * close.
 *
 * <pre>{@code
 * BcdaDecryptor decryptor = BcdaDecryptor.builder().privateKey(Path.of("registered.pem")).build();
 * ExportedFile file = decryptor.decrypt(DecryptRequest.builder(encrypted, output).key(encryptedKey).build());
 * }</pre>
 */
public final class BcdaDecryptor {
  private final Values settings;

  private BcdaDecryptor(Values settings) {
    this.settings = settings;
  }

  /**
   * Starts without a key. The private key, its passphrase and {@code durability} count; other settings are ignored.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Decrypts and verifies one file. The output appears only when the tag has verified.
   *
   * @param request which file, and with what
   * @return the plaintext's file
   * @throws BcdaException how it failed: {@link BcdaException.InvalidArgument}, {@link BcdaException.PrivateKey},
   *     {@link BcdaException.Decryption}, {@link BcdaException.Verification} or {@link BcdaException.Filesystem}
   * @throws InterruptedException the thread was interrupted in time; nothing is left of the output
   */
  public ExportedFile decrypt(DecryptRequest request) throws InterruptedException {
    return start(request).await();
  }

  /**
   * {@link #decrypt} in the background.
   *
   * @param request which file, and with what
   * @return the plaintext's file; canceling it cancels the decryption
   */
  public BcdaFuture<ExportedFile> decryptAsync(DecryptRequest request) {
    return start(request);
  }

  private DecryptRun start(DecryptRequest request) {
    try (NativeHandle config = settings.config()) {
      return config.call(at -> DecryptRun.of(at, request));
    }
  }

  /** Makes decryptors. */
  public static final class Builder extends ClientSettings<Builder> {
    private Builder() {}

    /**
     * Checks the settings. The key, the environment and a file of settings are read for each file anew.
     *
     * @return a decryptor
     * @throws BcdaException.InvalidArgument a setting is unknown or malformed
     */
    public BcdaDecryptor build() {
      Values values = values();
      values.config("").close();
      return new BcdaDecryptor(values);
    }

    @Override
    Builder self() {
      return this;
    }
  }
}
