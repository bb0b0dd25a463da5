package io.github.libbcda;

/** A decryption in the background. */
final class DecryptRun extends BcdaFuture<ExportedFile> {
  private static final long FOREVER = -1;

  private final DecryptRequest.Progress progress;

  private DecryptRun(NativeHandle handle, DecryptRequest.Progress progress) {
    super("decrypt", handle);
    this.progress = progress;
  }

  /** Starts a decryption with the native configuration at the address {@code config}. */
  static DecryptRun of(long config, DecryptRequest what) {
    long address =
        Native.decryption_start(
            config,
            LocalPath.text(what.encrypted),
            what.label,
            what.key,
            what.manifest,
            LocalPath.text(what.output));
    NativeHandle handle = new NativeHandle("decryption", address, Native::decryption_destroy);
    DecryptRun run = new DecryptRun(handle, what.progress);
    run.begin();
    return run;
  }

  @Override
  void follow() {
    handle.run(
        decryption -> {
          long done = 0;
          while (Native.decryption_wait(decryption, done, FOREVER) == 0) {
            done = Native.decryption_done(decryption);
            report(done, Native.decryption_total(decryption));
          }
        });
  }

  private void report(long done, long total) {
    calls.make(() -> progress.update(done, total));
  }

  @Override
  ExportedFile outcome() {
    return ExportResult.read(handle.call(Native::decryption_result), result -> ExportedFile.of(result, 0));
  }

  @Override
  void cancelWork() {
    handle.runIfOpen(Native::decryption_cancel);
  }
}
