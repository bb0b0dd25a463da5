package io.github.libbcda;

import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What to export: settings that go before the client's, and who is told of the progress. Immutable.
 *
 * <pre>{@code
 * ExportRequest.builder().types("Patient", "Coverage").out(Path.of("claims")).onEvent(System.out::println).build()
 * }</pre>
 */
public final class ExportRequest {
  private final Map<String, Supplier<String>> settings;
  private final Consumer<ExportEvent> listener;

  private ExportRequest(Builder builder) {
    settings = builder.values();
    listener = builder.listener;
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
    return Config.of(settings);
  }

  Consumer<ExportEvent> listener() {
    return listener;
  }

  /** Makes requests. */
  public static final class Builder extends ExportSettings<Builder> {
    private Consumer<ExportEvent> listener = event -> {};

    private Builder() {}

    /**
     * Has every event told, in order.
     *
     * @param listener called on the run's own daemon thread, never by two threads at once. A slow one holds up the future's
     *     completion, but not the run. When it throws, the run is cancelled and fails with what it threw
     * @return this
     */
    public Builder onEvent(Consumer<ExportEvent> listener) {
      this.listener = Objects.requireNonNull(listener);
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
