package io.github.libbcda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

/** Passes the library's calls to the sink, on the thread of the run. */
final class SinkAnswers {
  private final ExportSink sink;
  private final Calls calls;
  private final Map<Long, ExportSink.File> open = new HashMap<>();
  // The first failure outside abort(). Only the first is kept, because a full store fails every file.
  private Throwable failure;
  private final List<Throwable> failedAborts = new ArrayList<>();

  SinkAnswers(ExportSink sink, Calls calls) {
    this.sink = sink;
    this.calls = calls;
  }

  /** Makes one call to the sink and answers the library. Returns false if no call is pending. */
  boolean give(long run) {
    String what = Native.sink_next(run);
    if (what.isEmpty()) {
      return false;
    }
    boolean accepted = false;
    try {
      put(run, what, Native.sink_file(run));
      accepted = true;
    } catch (Throwable thrown) {
      failure = failure == null ? thrown : failure;
    } finally {
      Native.sink_answer(run, accepted ? 1 : 0);
    }
    return true;
  }

  private void put(long run, String what, long file) throws Exception {
    if (what.equals("abort")) {
      abort(open.remove(file));
    } else if (!calls.make(() -> take(run, what, file))) {
      throw new CancellationException("the run is to end");
    }
  }

  private void take(long run, String what, long file) throws Exception {
    switch (what) {
      case "begin" -> begin(file, Native.sink_name(run), Native.sink_type(run));
      case "write" -> open.get(file).write(Native.sink_data(run));
      case "commit" -> {
        open.get(file).commit(Native.sink_size(run), Native.sink_sha256(run));
        open.remove(file);
      }
      default -> throw new IllegalStateException(what);
    }
  }

  private void begin(long file, String name, String type) throws Exception {
    ExportSink.File begun = sink.begin(name, type);
    if (begun == null) {
      throw new IllegalStateException("the sink gave null for " + name);
    }
    open.put(file, begun);
  }

  /** Aborts every file that is neither committed nor aborted. Called after the last call of the library. */
  void end() {
    open.values().forEach(this::abort);
    open.clear();
  }

  private void abort(ExportSink.File file) {
    try {
      file.abort();
    } catch (Throwable thrown) {
      failedAborts.add(thrown);
    } finally {
      Thread.interrupted(); // clears the interrupt status, as after every call
    }
  }

  /** Adds the exceptions of the sink to {@code error}, the failure of the run or of its listener. */
  void explain(Throwable error) {
    if (failure != null && error instanceof BcdaException.Sink && error.getCause() == null) {
      error.initCause(failure);
    } else {
      addTo(error, failure);
    }
    failedAborts.forEach(each -> addTo(error, each));
  }

  private static void addTo(Throwable error, Throwable besides) {
    if (besides != null && besides != error) {
      error.addSuppressed(besides);
    }
  }
}
