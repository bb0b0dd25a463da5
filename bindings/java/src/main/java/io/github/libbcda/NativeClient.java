package io.github.libbcda;

import java.nio.file.Path;
import java.util.Objects;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;

/** The client of the native library. */
final class NativeClient implements BcdaClient {
  // Numbers of bcda_run_kind.
  private static final int AUTH = 4;
  private static final int JOBS = 5;
  private static final int JOB_STATUS = 6;
  private static final int JOB_CANCEL = 7;
  private static final int ATTRIBUTION = 8;

  private final NativeHandle handle;
  private final String url;
  private final Sandbox sandbox; // keeps the sandbox reachable as long as this client

  NativeClient(NativeHandle handle, String url, Sandbox sandbox) {
    this.handle = handle;
    this.url = url;
    this.sandbox = sandbox;
  }

  @Override
  public ExportResult export(ExportRequest request) throws InterruptedException {
    return startExport(request).await();
  }

  @Override
  public BcdaFuture<ExportResult> exportAsync(ExportRequest request) {
    return startExport(request);
  }

  @Override
  public ExportResult sync(ExportRequest request) throws InterruptedException {
    return startSync(request).await();
  }

  @Override
  public BcdaFuture<ExportResult> syncAsync(ExportRequest request) {
    return startSync(request);
  }

  @Override
  public ExportResult resume(Path directory, ExportRequest request) throws InterruptedException {
    return startResume(directory, request).await();
  }

  @Override
  public BcdaFuture<ExportResult> resumeAsync(Path directory, ExportRequest request) {
    return startResume(directory, request);
  }

  @Override
  public Manifest manifest(ExportRequest request) throws InterruptedException {
    return startManifest(request).await();
  }

  @Override
  public BcdaFuture<Manifest> manifestAsync(ExportRequest request) {
    return startManifest(request);
  }

  @Override
  public ExportResult fetch(Manifest manifest, ExportRequest request) throws InterruptedException {
    return startFetch(manifest, "", request).await();
  }

  @Override
  public ExportResult fetch(Manifest manifest, String file, ExportRequest request) throws InterruptedException {
    return startFetch(manifest, one(file), request).await();
  }

  @Override
  public BcdaFuture<ExportResult> fetchAsync(Manifest manifest, ExportRequest request) {
    return startFetch(manifest, "", request);
  }

  @Override
  public BcdaFuture<ExportResult> fetchAsync(Manifest manifest, String file, ExportRequest request) {
    return startFetch(manifest, one(file), request);
  }

  @Override
  public String metadata() throws InterruptedException {
    return startMetadata().await();
  }

  @Override
  public BcdaFuture<String> metadataAsync() {
    return startMetadata();
  }

  @Override
  public String checkAuth() throws InterruptedException {
    return startInquiry(AUTH, "").await();
  }

  @Override
  public String jobs(String... status) throws InterruptedException {
    return startInquiry(JOBS, String.join(",", status)).await();
  }

  @Override
  public String jobStatus(String url) throws InterruptedException {
    return startInquiry(JOB_STATUS, Objects.requireNonNull(url, "url")).await();
  }

  @Override
  public String cancelJob(String url) throws InterruptedException {
    return startInquiry(JOB_CANCEL, Objects.requireNonNull(url, "url")).await();
  }

  @Override
  public String attribution() throws InterruptedException {
    return startInquiry(ATTRIBUTION, "").await();
  }

  @Override
  public String profile() {
    return handle.call(Native::client_profile);
  }

  @Override
  public String plan(ExportRequest request) {
    try (NativeHandle config = request.config()) {
      return handle.call(client -> config.call(settings -> Native.export_plan(client, settings)));
    }
  }

  @Override
  public Partitions partitions(Manifest manifest, int count, PartitionSettings settings) {
    try (NativeHandle config = settings.values().config()) {
      return Partitions.of(
          handle.call(
              client ->
                  config.call(given -> Native.partitions_of_manifest(client, given, manifest.json(), count))));
    }
  }

  /** Calls {@code use} with the address of the native client. */
  void use(LongConsumer use) {
    handle.run(use);
  }

  @Override
  public void close() {
    handle.close();
  }

  @Override
  public String toString() {
    return "BcdaClient[" + url + (sandbox == null ? "" : ", a sandbox") + "]";
  }

  private Run<ExportResult> startExport(ExportRequest request) {
    int sink = sink(request);
    return start(request, config -> client -> Native.export_start(client, config, sink), request::result);
  }

  private Run<ExportResult> startSync(ExportRequest request) {
    if (request.sink() != null) {
      throw BcdaException.invalid("a sync needs a directory, not a sink");
    }
    return start(request, config -> client -> Native.sync_start(client, config), request::result);
  }

  private Run<ExportResult> startResume(Path directory, ExportRequest request) {
    if (request.sink() != null) {
      throw BcdaException.invalid("only an export into a directory can be resumed; the request has a sink");
    }
    String at = LocalPath.text(directory);
    LocalPath.expectNameable(at);
    return start(request, config -> client -> Native.resume_start(client, at, config), request::result);
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
        request,
        config -> client -> Native.fetch_start(client, config, manifest.json(), file, sink),
        request::result);
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

  private Run<String> startInquiry(int kind, String argument) {
    long run = handle.call(client -> Native.inquiry_start(client, kind, argument));
    return Run.of(run, ExportRequest.builder().build(), Native::result_answer, this);
  }

  /**
   * Starts a run. {@code start} returns the address of the run for the addresses of a configuration and of the client.
   */
  private <T> Run<T> start(
      ExportRequest request, LongFunction<LongUnaryOperator> start, LongFunction<T> read) {
    try (NativeHandle config = request.config()) {
      expectNameable(config);
      long run = handle.call(client -> config.call(settings -> start.apply(settings).applyAsLong(client)));
      return Run.of(run, request, read, this);
    }
  }

  /** Refuses such a path before the run. Otherwise the export would look failed when its files are listed. */
  static void expectNameable(NativeHandle config) {
    LocalPath.expectNameable(config.call(at -> Native.config_get(at, "out")));
  }
}
