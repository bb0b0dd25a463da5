package io.github.libbcda;

import java.util.Objects;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;

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
 * <p>Every call comes in two forms. One blocks: it throws {@link BcdaException}, and when its thread is interrupted it cancels,
 * waits until the run has let go of its files (promptly) and throws {@link InterruptedException}. The other gives a future,
 * which completes with the same exceptions on the run's own daemon thread and whose {@code cancel} cancels the run; a future
 * made from it ({@code thenApply}, ...) does not.
 */
public final class BcdaClient implements AutoCloseable {
  private final NativeHandle handle;
  private final Sandbox sandbox;

  private BcdaClient(NativeHandle handle, Sandbox sandbox) {
    this.handle = handle;
    this.sandbox = sandbox;
  }

  /**
   * Starts with the defaults of every setting.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Exports claims: from credentials to decrypted, verified files. A file appears under its name only when it is whole and
   * verified.
   *
   * @param request what, and where to
   * @return the verified files
   * @throws BcdaException how it failed; {@link BcdaException#verified()} holds the files that were verified before
   * @throws InterruptedException the thread was interrupted; the run has been cancelled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  public ExportResult export(ExportRequest request) throws InterruptedException {
    return startExport(request).await();
  }

  /**
   * {@link #export} in the background.
   *
   * @param request what, and where to
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  public BcdaFuture<ExportResult> exportAsync(ExportRequest request) {
    return startExport(request);
  }

  /**
   * Runs the jobs and gives their manifests; nothing is downloaded or written. {@link #fetch} gets the files.
   *
   * @param request its {@code types} count, and how long to wait
   * @return the manifests
   * @throws BcdaException how it failed
   * @throws InterruptedException the thread was interrupted; the run has been cancelled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  public Manifest manifest(ExportRequest request) throws InterruptedException {
    return startManifest(request).await();
  }

  /**
   * {@link #manifest} in the background.
   *
   * @param request its {@code types} count, and how long to wait
   * @return the manifests
   * @throws BcdaException an argument is wrong
   */
  public BcdaFuture<Manifest> manifestAsync(ExportRequest request) {
    return startManifest(request);
  }

  /**
   * Downloads, decrypts and verifies all files of a manifest. No {@code export.json} is written: keep the result.
   *
   * @param manifest of {@link #manifest}, or kept from an earlier day
   * @param request where to
   * @return the verified files
   * @throws BcdaException how it failed; {@link BcdaException#verified()} holds the files that were verified before
   * @throws InterruptedException the thread was interrupted; the run has been cancelled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  public ExportResult fetch(Manifest manifest, ExportRequest request) throws InterruptedException {
    return startFetch(manifest, "", request).await();
  }

  /**
   * Downloads, decrypts and verifies one file of a manifest. No {@code export.json} is written: keep the result.
   *
   * @param manifest that lists the file
   * @param file the server's name of it, or its URL
   * @param request where to
   * @return the verified file
   * @throws BcdaException how it failed
   * @throws InterruptedException the thread was interrupted; the run has been cancelled (one that had just succeeded
   *     gives its result, and the thread stays interrupted)
   */
  public ExportResult fetch(Manifest manifest, String file, ExportRequest request) throws InterruptedException {
    return startFetch(manifest, one(file), request).await();
  }

  /**
   * {@link #fetch(Manifest, ExportRequest)} in the background.
   *
   * @param manifest of {@link #manifest}, or kept from an earlier day
   * @param request where to
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  public BcdaFuture<ExportResult> fetchAsync(Manifest manifest, ExportRequest request) {
    return startFetch(manifest, "", request);
  }

  /**
   * {@link #fetch(Manifest, String, ExportRequest)} in the background.
   *
   * @param manifest that lists the file
   * @param file the server's name of it, or its URL
   * @param request where to
   * @return the verified file
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  public BcdaFuture<ExportResult> fetchAsync(Manifest manifest, String file, ExportRequest request) {
    return startFetch(manifest, one(file), request);
  }

  /**
   * The service's CapabilityStatement. Asks for no token.
   *
   * @return JSON text
   * @throws BcdaException how it failed
   * @throws InterruptedException the thread was interrupted
   */
  public String metadata() throws InterruptedException {
    return startMetadata().await();
  }

  /**
   * {@link #metadata} in the background.
   *
   * @return JSON text
   */
  public BcdaFuture<String> metadataAsync() {
    return startMetadata();
  }

  /** Lets go of the client. Runs that it started go on; threads and connections end with the last of them. Idempotent. */
  @Override
  public void close() {
    handle.close();
  }

  private Run<ExportResult> startExport(ExportRequest request) {
    int sink = sink(request);
    return start(request, config -> client -> Native.export_start(client, config, sink), request::result);
  }

  private Run<Manifest> startManifest(ExportRequest request) {
    return start(
        request,
        config -> client -> Native.manifest_start(client, config),
        result -> new Manifest(Native.result_manifest(result)));
  }

  private Run<ExportResult> startFetch(Manifest manifest, String file, ExportRequest request) {
    int sink = sink(request);
    return start(
        request, config -> client -> Native.fetch_start(client, config, manifest.json(), file, sink), request::result);
  }

  private static int sink(ExportRequest request) {
    return request.sink() == null ? 0 : 1;
  }

  private static String one(String file) {
    if (Objects.requireNonNull(file, "file").isEmpty()) {
      throw BcdaException.invalid("the file has no name");
    }
    return file;
  }

  private Run<String> startMetadata() {
    long run = handle.call(Native::metadata_start);
    return Run.of(run, ExportRequest.builder().build(), Native::result_metadata, this);
  }

  /** {@code start} gives the run's address for a configuration's and the client's. */
  private <T> Run<T> start(ExportRequest request, LongFunction<LongUnaryOperator> start, LongFunction<T> read) {
    try (NativeHandle config = request.config()) {
      expectNameable(config);
      long run = handle.call(client -> config.call(settings -> start.apply(settings).applyAsLong(client)));
      return Run.of(run, request, read, this);
    }
  }

  /** Else a whole export would seem to have failed, when its files are to be told. */
  private static void expectNameable(NativeHandle config) {
    LocalPath.expectNameable(config.call(at -> Native.config_get(at, "out")));
  }

  /** Makes clients. For one thread at a time. */
  public static final class Builder extends ClientSettings<Builder> {
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
        expectNameable(config);
        long client = config.call(Native::client_create);
        return new BcdaClient(new NativeHandle("client", client, Native::client_destroy), sandbox);
      }
    }

    @Override
    Builder self() {
      return this;
    }
  }
}
