package io.github.libbcda;

import java.util.function.Consumer;
import java.util.function.LongFunction;

/** A run of the library: an export, a manifest, a download, or the metadata. */
final class Run<T> extends Running<T> {
  private static final int OK = 0;
  private static final long FOREVER = -1;

  private final Consumer<ExportEvent> listener;
  private final LongFunction<T> read;

  private Run(NativeHandle handle, Consumer<ExportEvent> listener, LongFunction<T> read) {
    super(handle);
    this.listener = listener;
    this.read = read;
  }

  /** Follows the run at {@code address}; {@code read} makes what is wanted of its native result. */
  static <T> Run<T> of(long address, Consumer<ExportEvent> listener, LongFunction<T> read) {
    Run<T> run = new Run<>(new NativeHandle("run", address, Native::run_destroy), listener, read);
    run.begin();
    return run;
  }

  @Override
  void follow() {
    try (NativeHandle event = new NativeHandle("event", Native.event_create(), Native::event_destroy)) {
      while (next(event)) {
        listener.accept(event.call(ExportEvent::of));
      }
    } catch (Throwable thrown) { // by the listener
      stop();
      throw thrown;
    }
  }

  private boolean next(NativeHandle event) {
    return handle.call(run -> event.call(to -> Native.run_next_event(run, to, FOREVER))) == OK;
  }

  @Override
  T outcome() {
    try {
      handle.run(run -> Native.run_wait(run, FOREVER));
    } catch (BcdaException failure) {
      try {
        failure.verified(result(ExportResult::of));
      } catch (RuntimeException besides) {
        failure.addSuppressed(besides);
      }
      throw failure;
    }
    return result(read);
  }

  private <R> R result(LongFunction<R> of) {
    long address = handle.call(Native::run_result);
    try (NativeHandle result = new NativeHandle("result", address, Native::result_destroy)) {
      return result.call(of);
    }
  }

  @Override
  void stop() {
    handle.runIfOpen(Native::run_cancel);
  }
}
