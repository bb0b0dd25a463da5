package io.github.libbcda;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A client of one service. It holds the settings, the credentials, the private key and the connections. Create one
 * client and share it, because it is thread-safe.
 *
 * <pre>{@code
 * try (BcdaClient client = BcdaClient.builder().url("https://api.bcda.cms.gov").clientId(id)
 *     .clientSecret(secret).privateKey(Path.of("registered.pem")).build()) {
 *   ExportResult result = client.export(ExportRequest.builder().out(Path.of("claims")).build());
 * }
 * }</pre>
 *
 * <p>The client is an interface so that programs can use a proxy or a test double. {@link #builder} makes the real
 * client. Later versions may add methods, as default methods.
 *
 * <p>Every call has two forms. The blocking form throws {@link BcdaException}. If its thread is interrupted, it cancels
 * the run, waits until the run has released its files (promptly) and throws {@link InterruptedException}. The other
 * form returns a future, which completes with the same exceptions on the run's own daemon thread. The future's
 * {@code cancel} cancels the run. Canceling a future that is derived from it ({@code thenApply}, ...) does not cancel
 * the run.
 */
public interface BcdaClient extends AutoCloseable {
  /**
   * Creates a builder in which every setting has its default.
   *
   * @return a builder
   */
  static Builder builder() {
    return new Builder();
  }

  /**
   * Exports claims: from credentials to decrypted, verified files. A file appears under its final name only when it is
   * complete and verified. If the directory holds an unfinished export of the same request, this call goes on with it, as
   * {@link #resume} does; {@code restart(true)} discards that one.
   *
   * @param request what to export, and the destination
   * @return the verified files
   * @throws BcdaException the run failed; {@link BcdaException#verified()} has the files that were verified before
   * @throws InterruptedException the thread was interrupted, and the run was canceled. If the run had just succeeded,
   *     its result is returned instead, and the thread stays interrupted
   */
  ExportResult export(ExportRequest request) throws InterruptedException;

  /**
   * {@link #export} in the background.
   *
   * @param request what to export, and the destination
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  BcdaFuture<ExportResult> exportAsync(ExportRequest request);

  /**
   * Goes on with the unfinished export in a directory, whether it was canceled, failed, or ended with its process or its
   * machine. It does what {@link #export} of the same request into that directory would do: the request is read from the
   * journal there. It goes on with the same job while the service keeps it. Files that were published are kept, and a
   * file that is there in part is continued. If the export is finished, nothing is requested, and its result is
   * returned. {@link Bcda#directoryStatus} tells whether there is something to go on with.
   *
   * @param directory the directory of the export
   * @return the verified files
   * @throws BcdaException the directory holds no export, or one of another service or key; another run uses it
   *     ({@link BcdaException#retriable}); or the run failed
   * @throws InterruptedException the thread was interrupted, and the run was canceled
   */
  default ExportResult resume(Path directory) throws InterruptedException {
    return resume(directory, ExportRequest.builder().build());
  }

  /**
   * {@link #resume(Path)} with settings of this run, such as {@code parallel}, and a listener.
   *
   * @param directory the directory of the export
   * @param request settings and a listener. Its {@code out} is not used. What the export asks for cannot be changed.
   *     {@code patients} must be given again, because the journal has no ids of beneficiaries
   * @return the verified files
   * @throws BcdaException as for {@link #resume(Path)}; the request asks for something else, or has a sink
   * @throws InterruptedException the thread was interrupted, and the run was canceled
   */
  default ExportResult resume(Path directory, ExportRequest request) throws InterruptedException {
    throw new UnsupportedOperationException("resume");
  }

  /**
   * {@link #resume(Path, ExportRequest)} in the background.
   *
   * @param directory the directory of the export
   * @param request settings and a listener
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the directory cannot be used
   */
  default BcdaFuture<ExportResult> resumeAsync(Path directory, ExportRequest request) {
    throw new UnsupportedOperationException("resumeAsync");
  }

  /**
   * Exports what has changed since the last sync. The {@code out} of the request is the directory of a series of
   * exports. Each of them has a directory of its own there ({@link ExportResult#directory}).
   *
   * <p>The first call exports everything, or what has changed since the setting {@code since}. Each later one asks for
   * the changes since the {@code transactionTime} of the last complete export that made the same request, which it reads
   * from the receipts. An export that failed or is partial does not count; {@code sync_partial=move} counts partial ones.
   * If the service has no data yet, as BCDA each January, the result has no files and no directory.
   *
   * @param request what to export, and the directory of the series
   * @return the verified files
   * @throws BcdaException another sync of the directory is running ({@link BcdaException#retriable}), or the run failed
   * @throws InterruptedException the thread was interrupted, and the run was canceled
   */
  default ExportResult sync(ExportRequest request) throws InterruptedException {
    throw new UnsupportedOperationException("sync");
  }

  /**
   * {@link #sync} in the background.
   *
   * @param request what to export, and the directory of the series
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the directory cannot be used
   */
  default BcdaFuture<ExportResult> syncAsync(ExportRequest request) {
    throw new UnsupportedOperationException("syncAsync");
  }

  /**
   * Runs the jobs and returns their manifests. Nothing is downloaded or written; {@link #fetch} gets the files.
   *
   * @param request only its {@code types} and its time limits are used
   * @return the manifests
   * @throws BcdaException the run failed
   * @throws InterruptedException the thread was interrupted, and the run was canceled. If the run had just succeeded,
   *     its result is returned instead, and the thread stays interrupted
   */
  Manifest manifest(ExportRequest request) throws InterruptedException;

  /**
   * {@link #manifest} in the background.
   *
   * @param request only its {@code types} and its time limits are used
   * @return the manifests
   * @throws BcdaException an argument is wrong
   */
  BcdaFuture<Manifest> manifestAsync(ExportRequest request);

  /**
   * Downloads, decrypts and verifies all files of a manifest, and writes {@code export.json} when all of them are
   * there. In the directory of an earlier fetch or a failed export, it downloads only the missing files.
   *
   * @param manifest a manifest from {@link #manifest}, or one that was stored
   * @param request the destination
   * @return the verified files
   * @throws BcdaException the run failed; {@link BcdaException#verified()} has the files that were verified before
   * @throws InterruptedException the thread was interrupted, and the run was canceled. If the run had just succeeded,
   *     its result is returned instead, and the thread stays interrupted
   */
  ExportResult fetch(Manifest manifest, ExportRequest request) throws InterruptedException;

  /**
   * Downloads, decrypts and verifies one file of a manifest. It does not write {@code export.json}. A later fetch of
   * the whole manifest into the same directory downloads the missing files and writes it.
   *
   * @param manifest a manifest that lists the file
   * @param file the server's name of the file, or its URL
   * @param request the destination
   * @return the verified file
   * @throws BcdaException the run failed
   * @throws InterruptedException the thread was interrupted, and the run was canceled. If the run had just succeeded,
   *     its result is returned instead, and the thread stays interrupted
   */
  ExportResult fetch(Manifest manifest, String file, ExportRequest request) throws InterruptedException;

  /**
   * {@link #fetch(Manifest, ExportRequest)} in the background.
   *
   * @param manifest a manifest from {@link #manifest}, or one that was stored
   * @param request the destination
   * @return the verified files
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  BcdaFuture<ExportResult> fetchAsync(Manifest manifest, ExportRequest request);

  /**
   * {@link #fetch(Manifest, String, ExportRequest)} in the background.
   *
   * @param manifest a manifest that lists the file
   * @param file the server's name of the file, or its URL
   * @param request the destination
   * @return the verified file
   * @throws BcdaException an argument is wrong, or the output directory cannot be used
   */
  BcdaFuture<ExportResult> fetchAsync(Manifest manifest, String file, ExportRequest request);

  /**
   * The service's CapabilityStatement. Requests no token.
   *
   * @return JSON text
   * @throws BcdaException the run failed
   * @throws InterruptedException the thread was interrupted
   */
  String metadata() throws InterruptedException;

  /**
   * {@link #metadata} in the background.
   *
   * @return JSON text
   */
  BcdaFuture<String> metadataAsync();

  /**
   * Checks the credentials without an export: gets a new token and, where the service has a request that needs only a
   * token, sends that too.
   *
   * @return JSON text: an object with {@code service}, {@code profile}, {@code method}, {@code tokenOrigin},
   *     {@code lifetime} (seconds), {@code scope}, {@code checked} (whether such a request was accepted) and
   *     {@code answer} (its text); null where the service does not say it
   * @throws BcdaException the run failed
   * @throws InterruptedException the thread was interrupted
   */
  default String checkAuth() throws InterruptedException {
    throw new UnsupportedOperationException("checkAuth");
  }

  /**
   * The jobs that the service lists. BCDA v1, v2 and v3 have such a list.
   *
   * @param status only jobs with one of these, such as {@code "In Progress"}; none: all jobs
   * @return JSON text: an array of objects with {@code id}, {@code status}, {@code request}, {@code start}, {@code end}
   *     and {@code url} (the status URL)
   * @throws BcdaException the service has no job list or no such status, or the run failed
   * @throws InterruptedException the thread was interrupted
   */
  default String jobs(String... status) throws InterruptedException {
    throw new UnsupportedOperationException("jobs");
  }

  /**
   * One status request for a job.
   *
   * @param url the status URL, on the origin of the service
   * @return JSON text: an object with {@code url}, {@code state} ({@code "running"} or {@code "done"}), {@code progress},
   *     {@code percent}, {@code expires}, {@code files}, {@code errorFiles}, {@code transactionTime} and
   *     {@code request}; null where the service does not say it
   * @throws BcdaException the job failed or is gone, or the run failed
   * @throws InterruptedException the thread was interrupted
   */
  default String jobStatus(String url) throws InterruptedException {
    throw new UnsupportedOperationException("jobStatus");
  }

  /**
   * Cancels a job. Some services delete the files of a finished job.
   *
   * @param url the status URL, on the origin of the service
   * @return JSON text: an object with {@code url} and {@code canceled}
   * @throws BcdaException the job is gone or can no longer be canceled, or the run failed
   * @throws InterruptedException the thread was interrupted
   */
  default String cancelJob(String url) throws InterruptedException {
    throw new UnsupportedOperationException("cancelJob");
  }

  /**
   * When the service got its attribution data. BCDA v1, v2 and v3 have it.
   *
   * @return JSON text: an array of objects with {@code type} and {@code time}
   * @throws BcdaException the service has no attribution status, or the run failed
   * @throws InterruptedException the thread was interrupted
   */
  default String attribution() throws InterruptedException {
    throw new UnsupportedOperationException("attribution");
  }

  /**
   * The profile of the service, as one row of {@link Bcda#profiles}: what {@code profile}, {@code profile_file} and
   * {@code url} mean together. Uses no network.
   *
   * @return JSON text: an object
   * @throws IllegalStateException the client is closed
   */
  default String profile() {
    throw new UnsupportedOperationException("profile");
  }

  /**
   * The requests that an {@link #export} of this request would begin with. Sends nothing.
   *
   * @param request what to export; its destination and its listener are not used
   * @return JSON text: an array of objects with {@code purpose} ({@code "discovery"}, {@code "token"},
   *     {@code "kick-off"}, or {@code "status"} with {@code job_url}), {@code method}, {@code url}, {@code headers} and
   *     {@code body}. Credentials in them are replaced by {@code ***}
   * @throws BcdaException an argument is wrong
   * @throws IllegalStateException the client is closed
   */
  default String plan(ExportRequest request) {
    throw new UnsupportedOperationException("plan");
  }

  /**
   * Cuts the data files of a manifest into partitions, which other processes or machines open. The private key of this
   * client unwraps the keys of the files, and stays here. Nothing is downloaded.
   *
   * @param manifest from {@link #manifest}
   * @param count at most so many partitions; 0: the setting {@code max_partitions}. There are never more than files, and
   *     they have about equal sizes, as far as the service says them
   * @param settings {@code partition_key} seals the tokens. Files that are encrypted, or have signed URLs, need it. With
   *     {@code types} only files of these types
   * @return the partitions
   * @throws BcdaException.InvalidArgument the manifest is none, or {@code partition_key} is missing or malformed
   * @throws BcdaException.PrivateKey the private key is missing
   * @throws BcdaException.Decryption the private key does not unwrap a key
   */
  default Partitions partitions(Manifest manifest, int count, PartitionSettings settings) {
    throw new UnsupportedOperationException("partitions");
  }

  /**
   * Closes the client. Runs that it started continue. The threads and connections end with the last of these runs.
   * Idempotent.
   */
  @Override
  void close();

  /** Builds clients. For one thread at a time. */
  final class Builder extends ClientSettings<Builder> {
    private Sandbox sandbox;

    Builder() {}

    /** Keeps {@code sandbox} reachable as long as the client that is built. */
    Builder of(Sandbox sandbox) {
      this.sandbox = sandbox;
      return this;
    }

    /**
     * The current value of a setting. All sources are read.
     *
     * @param name the name of a setting, for example {@code "url"}
     * @return the value, or the default if it is not set. For a secret "" or {@code "(set)"}; no supplier of a secret
     *     is called
     * @throws BcdaException.InvalidArgument there is no such setting, or the value of another setting is wrong
     */
    public String get(String name) {
      Objects.requireNonNull(name, "name");
      try (NativeHandle config = values().config(name)) {
        return config.call(at -> Native.config_get(at, name));
      }
    }

    /**
     * Checks the settings, loads the private key and creates a client. Does not use the network.
     *
     * @return a client, which the caller must close
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
