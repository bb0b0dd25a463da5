package io.github.libbcda;

import java.util.HashMap;
import java.util.Map;

/** Puts what the library asks of a sink to the sink, on the thread of the run. */
final class SinkAnswers {
  private final ExportSink sink;
  private final Map<Long, ExportSink.File> open = new HashMap<>();
  private Throwable failure;

  SinkAnswers(ExportSink sink) {
    this.sink = sink;
  }

  /** Answers all that is asked now. */
  void give(long run) {
    for (String what; !(what = Native.sink_next(run)).isEmpty(); ) {
      boolean accepted = false;
      try {
        put(run, what, Native.sink_file(run));
        accepted = true;
      } catch (Throwable thrown) {
        failed(thrown);
      } finally {
        Native.sink_answer(run, accepted ? 1 : 0);
      }
    }
  }

  private void put(long run, String what, long file) throws Exception {
    switch (what) {
      case "begin" -> begin(file, Native.sink_name(run), Native.sink_type(run));
      case "write" -> open.get(file).write(Native.sink_data(run));
      case "commit" -> {
        open.get(file).commit(Native.sink_size(run), Native.sink_sha256(run));
        open.remove(file);
      }
      case "abort" -> open.remove(file).abort();
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

  /** When nothing more is asked: aborts what is neither committed nor aborted. */
  void end() {
    for (ExportSink.File file : open.values()) {
      try {
        file.abort();
      } catch (Throwable thrown) {
        failed(thrown);
      }
    }
    open.clear();
  }

  private void failed(Throwable thrown) {
    if (failure == null) {
      failure = thrown;
    } else if (failure != thrown) {
      failure.addSuppressed(thrown);
    }
  }

  /** Tells {@code error}, of the run, what the sink threw. */
  void explain(BcdaException error) {
    if (failure == null) {
      return;
    }
    if (error instanceof BcdaException.Sink) {
      error.initCause(failure);
    } else {
      error.addSuppressed(failure);
    }
  }
}
