package io.github.libbcda;

import java.util.Objects;

/**
 * A service, credentials, a key, and the connections to it. Make one and share it: thread-safe.
 *
 * <pre>{@code
 * try (BcdaClient client = BcdaClient.builder().url("https://api.bcda.cms.gov").clientId(id)
 *     .clientSecret(secret).privateKey(Path.of("registered.pem")).build()) {
 *   ExportResult result = client.export(ExportRequest.builder().out(Path.of("claims")).build());
 * }
 * }</pre>
 *
 * <p>It is an interface so that programs can put a proxy or a stand-in of their own before it. {@link #builder} makes the real
 * one. Methods may be added in later versions, as default methods.
 *
 * <p>Every call comes in two forms. One blocks: it throws {@link BcdaException}, and when its thread is interrupted it cancels,
 * waits until the run has let go of its files (promptly) and throws {@link InterruptedException}. The other gives a future,
 * which completes with the same exceptions on the run's own daemon thread and whose {@code cancel} cancels the run; a future
 * made from it ({@code thenApply}, ...) does not.
 */
public interface BcdaClient extends AutoCloseable {
  /**
   * Starts with the defaults of every setting.
   *
   * @return a builder
   */
  static Builder builder() {
    return new Builder();
  }

  /**
   * Exports claims: from credentials to decrypted, verified files. A file appears under its name only when it is whole and
   * verified.
   *
   * @param request what, and where to
   * @return the verified files
   * @throws BcdaException how it failed; {@link BcdaException#verified()} holds the files that were verified before
   * @throws InterruptedException the thread was interrupted; the run has been canceled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  ExportResult export(ExportRequest request) throws InterruptedException;

  /**
   * {@link #export} in the background.
   *
   * @param request what, and where to
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  BcdaFuture<ExportResult> exportAsync(ExportRequest request);

  /**
   * Runs the jobs and gives their manifests; nothing is downloaded or written. {@link #fetch} gets the files.
   *
   * @param request its {@code types} count, and how long to wait
   * @return the manifests
   * @throws BcdaException how it failed
   * @throws InterruptedException the thread was interrupted; the run has been canceled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  Manifest manifest(ExportRequest request) throws InterruptedException;

  /**
   * {@link #manifest} in the background.
   *
   * @param request its {@code types} count, and how long to wait
   * @return the manifests
   * @throws BcdaException an argument is wrong
   */
  BcdaFuture<Manifest> manifestAsync(ExportRequest request);

  /**
   * Downloads, decrypts and verifies all files of a manifest, and leaves {@code export.json} when all are there. In the
   * directory of an earlier fetch or a failed export it takes the missing files alone.
   *
   * @param manifest of {@link #manifest}, or kept from an earlier day
   * @param request where to
   * @return the verified files
   * @throws BcdaException how it failed; {@link BcdaException#verified()} holds the files that were verified before
   * @throws InterruptedException the thread was interrupted; the run has been canceled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  ExportResult fetch(Manifest manifest, ExportRequest request) throws InterruptedException;

  /**
   * Downloads, decrypts and verifies one file of a manifest. No {@code export.json} is written: a fetch of the whole manifest
   * into the same directory then takes what is missing, and writes it.
   *
   * @param manifest that lists the file
   * @param file the server's name of it, or its URL
   * @param request where to
   * @return the verified file
   * @throws BcdaException how it failed
   * @throws InterruptedException the thread was interrupted; the run has been canceled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  ExportResult fetch(Manifest manifest, String file, ExportRequest request) throws InterruptedException;

  /**
   * {@link #fetch(Manifest, ExportRequest)} in the background.
   *
   * @param manifest of {@link #manifest}, or kept from an earlier day
   * @param request where to
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  BcdaFuture<ExportResult> fetchAsync(Manifest manifest, ExportRequest request);

  /**
   * {@link #fetch(Manifest, String, ExportRequest)} in the background.
   *
   * @param manifest that lists the file
   * @param file the server's name of it, or its URL
   * @param request where to
   * @return the verified file
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  BcdaFuture<ExportResult> fetchAsync(Manifest manifest, String file, ExportRequest request);

  /**
   * The service's CapabilityStatement. Asks for no token.
   *
   * @return JSON text
   * @throws BcdaException how it failed
   * @throws InterruptedException the thread was interrupted
   */
  String metadata() throws InterruptedException;

  /**
   * {@link #metadata} in the background.
   *
   * @return JSON text
   */
  BcdaFuture<String> metadataAsync();

  /** Lets go of the client. Runs that it started go on; threads and connections end with the last of them. Idempotent. */
  @Override
  void close();

  /** Makes clients. For one thread at a time. */
  final class Builder extends ClientSettings<Builder> {
    private Sandbox sandbox;

    Builder() {}

    /** Keeps {@code sandbox} from being collected before what is built. */
    Builder of(Sandbox sandbox) {
      this.sandbox = sandbox;
      return this;
    }

    /**
     * The value in force, with all sources read.
     *
     * @param name such as {@code "url"}
     * @return the default when it is not set; of a secret "" or {@code "(set)"}, for which no supplier is asked
     * @throws BcdaException.InvalidArgument there is no such setting, or another one's value is wrong
     */
    public String get(String name) {
      Objects.requireNonNull(name, "name");
      try (NativeHandle config = values().config(name)) {
        return config.call(at -> Native.config_get(at, name));
      }
    }

    /**
     * Checks the settings and loads the private key; does not touch the network.
     *
     * @return a client, to be closed
     * @throws BcdaException.InvalidArgument a setting is unknown, malformed or missing
     * @throws BcdaException.PrivateKey the private key could not be loaded
     * @throws BcdaException.Filesystem a file that a setting names cannot be read
     * @throws BcdaException.Tls there are no usable CA certificates
     */
    public BcdaClient build() {
      try (NativeHandle config = values().config()) {
        NativeClient.expectNameable(config);
        long client = config.call(Native::client_create);
        return new NativeClient(new NativeHandle("client", client, Native::client_destroy), config.call(at -> Native.config_get(at, "url")), sandbox);
      }
    }

    @Override
    Builder self() {
      return this;
    }
  }
}
