package io.github.libbcda;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * What to export: settings that go before the client's, and who is told of the progress. Immutable.
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
   * Starts a request with the client's settings.
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

  /** Null: the files go to a directory. */
  ExportSink sink() {
    return sink;
  }

  /** What the native {@code result} of a run with it is for users. */
  ExportResult result(long result) {
    return ExportResult.of(result, sink != null);
  }

  /** Makes requests. */
  public static final class Builder extends ExportSettings<Builder> {
    private Consumer<ExportEvent> listener = event -> {};
    private ExportSink sink;

    private Builder() {}

    /**
     * Has every event told, in order.
     *
     * @param listener called on the run's own daemon thread, never by two threads at once. A slow one holds up the future's
     *     completion and a sink, but not the run. When it throws, the run is canceled and fails with what it threw. It may
     *     cancel the run, but must not wait for it. A cancel interrupts it and is the last that it hears; the setting
     *     {@code timeout} does not reach it, {@code orTimeout} of the future does
     * @return this
     */
    public Builder onEvent(Consumer<ExportEvent> listener) {
      this.listener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Has the files given to a sink instead of a directory: {@code out} does not count then.
     *
     * @param sink used by every run of the request, on the thread of each; null: none
     * @return this
     */
    public Builder sink(ExportSink sink) {
      this.sink = sink;
      return this;
    }

    /**
     * Makes the request. The settings are checked when a run starts with it.
     *
     * @return a request, which later changes of this builder do not touch
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
