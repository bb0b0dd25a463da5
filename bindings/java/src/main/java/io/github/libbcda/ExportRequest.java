package io.github.libbcda;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * What to export: settings that replace those of the client, a listener, and the destination. Immutable.
 *
 * <pre>{@code
 * ExportRequest.builder().types("Patient", "Coverage").out(Path.of("claims")).onEvent(System.out::println).build()
 * }</pre>
 */
public final class ExportRequest {
  private final Values settings;
  private final Consumer<ExportEvent> listener;
  private final ExportSink sink;

  private ExportRequest(Builder builder) {
    settings = builder.values();
    listener = builder.listener;
    sink = builder.sink;
  }

  /**
   * Creates a builder in which every setting has the client's value.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  NativeHandle config() {
    return settings.config();
  }

  Consumer<ExportEvent> listener() {
    return listener;
  }

  /** The sink, or null if the files go to a directory. */
  ExportSink sink() {
    return sink;
  }

  /** The result for users, made from the native {@code result} of a run with this request. */
  ExportResult result(long result) {
    return ExportResult.of(result, sink != null);
  }

  /** Builds requests. */
  public static final class Builder extends ExportSettings<Builder> {
    private Consumer<ExportEvent> listener = event -> {};
    private ExportSink sink;

    private Builder() {}

    /**
     * Sets a listener that receives every event, in order.
     *
     * @param listener called on the run's own daemon thread, never by two threads at once. A slow listener delays the
     *     completion of the future and the calls to a sink, but not the run. If it throws, the run is canceled and
     *     fails with that exception. It may cancel the run, but must not wait for it. A cancel interrupts a running
     *     call, and no call follows. The setting {@code timeout} does not interrupt a call; {@code orTimeout} of the
     *     future does
     * @return this
     */
    public Builder onEvent(Consumer<ExportEvent> listener) {
      this.listener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Sets a sink that receives the files instead of a directory. The setting {@code out} is then ignored.
     *
     * @param sink used by every run of the request, on the thread of each run; null: no sink
     * @return this
     */
    public Builder sink(ExportSink sink) {
      this.sink = sink;
      return this;
    }

    /**
     * Builds the request. The settings are checked when a run starts.
     *
     * @return a request, which later changes of this builder do not affect
     */
    public ExportRequest build() {
      return new ExportRequest(this);
    }

    @Override
    Builder self() {
      return this;
    }
  }
}
