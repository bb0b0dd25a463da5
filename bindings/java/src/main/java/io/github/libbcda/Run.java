package io.github.libbcda;

import java.util.function.Consumer;
import java.util.function.LongFunction;

/** A run of the library: an export, a manifest run, a fetch, or a metadata request. */
final class Run<T> extends BcdaFuture<T> {
  private static final long FOREVER = -1;

  private final ExportRequest request;
  private final SinkAnswers sink;
  private final LongFunction<T> read;
  private final Object serving;

  private Run(NativeHandle handle, ExportRequest request, LongFunction<T> read, Object serving) {
    super(handle.call(Native::run_kind), handle);
    this.request = request;
    this.sink = new SinkAnswers(request.sink(), calls);
    this.read = read;
    this.serving = serving;
  }

  /**
   * Follows the run at {@code address}. {@code read} converts its native result, and {@code serving} stays reachable until
   * its end.
   */
  static <T> Run<T> of(long address, ExportRequest request, LongFunction<T> read, Object serving) {
    Run<T> run = new Run<>(new NativeHandle("run", address, Native::run_destroy), request, read, serving);
    run.begin();
    return run;
  }

  @Override
  void follow() {
    try (NativeHandle event = new NativeHandle("event", Native.event_create(), Native::event_destroy)) {
      while (step(event)) {}
    } catch (Throwable thrown) { // thrown by the listener
      stop();
      sink.end();
      sink.explain(thrown);
      throw thrown;
    }
    sink.end();
  }

  /** Handles one call to the sink and one event, or waits for either. Returns false at the end of the run. */
  private boolean step(NativeHandle event) {
    if (request.sink() == null) {
      return deliver(event, FOREVER) != Status.END;
    }
    boolean asked = handle.call(sink::give);
    Status next = deliver(event, 0);
    if (next == Status.AGAIN && !asked) {
      handle.run(run -> Native.run_wait_wakeup(run, FOREVER));
    }
    return next != Status.END;
  }

  private Status deliver(NativeHandle event, long timeout) {
    Status next = Status.of(handle.call(run -> event.call(to -> Native.run_next_event(run, to, timeout))));
    if (next == Status.OK) {
      ExportEvent told = event.call(ExportEvent::of);
      calls.make(() -> request.listener().accept(told));
    }
    return next;
  }

  @Override
  T outcome() {
    try {
      handle.run(run -> Native.run_wait(run, FOREVER));
    } catch (BcdaException failure) {
      sink.explain(failure);
      try {
        failure.verified(result(request::result));
      } catch (RuntimeException besides) {
        failure.addSuppressed(besides);
      }
      throw failure;
    }
    return result(read);
  }

  private <R> R result(LongFunction<R> of) {
    return ExportResult.read(handle.call(Native::run_result), of);
  }

  @Override
  void cancelWork() {
    handle.runIfOpen(Native::run_cancel);
  }
}
