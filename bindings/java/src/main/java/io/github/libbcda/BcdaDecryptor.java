package io.github.libbcda;

/**
 * Decrypts files of any size that another program downloaded, as the service's own script does. Thread-safe. A
 * decryptor need not be closed.
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
   * Creates a builder without a key. Only the private key, its passphrase and {@code durability} are used; other
   * settings are ignored.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Decrypts and verifies one file. The output appears only when the tag is verified.
   *
   * @param request the file, its wrapped key and the output
   * @return the plaintext file
   * @throws BcdaException the decryption failed: {@link BcdaException.InvalidArgument},
   *     {@link BcdaException.PrivateKey}, {@link BcdaException.Decryption}, {@link BcdaException.Verification} or
   *     {@link BcdaException.Filesystem}
   * @throws InterruptedException the thread was interrupted before the end; no output remains
   */
  public ExportedFile decrypt(DecryptRequest request) throws InterruptedException {
    return start(request).await();
  }

  /**
   * {@link #decrypt} in the background.
   *
   * @param request the file, its wrapped key and the output
   * @return a future of the plaintext file; canceling it cancels the decryption
   */
  public BcdaFuture<ExportedFile> decryptAsync(DecryptRequest request) {
    return start(request);
  }

  private DecryptRun start(DecryptRequest request) {
    try (NativeHandle config = settings.config()) {
      return config.call(at -> DecryptRun.of(at, request));
    }
  }

  /** Builds decryptors. */
  public static final class Builder extends ClientSettings<Builder> {
    private Builder() {}

    /**
     * Checks the settings. The private key, the environment and the file of settings are read again for each file.
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
