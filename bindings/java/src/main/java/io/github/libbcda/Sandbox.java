package io.github.libbcda;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongFunction;
import java.util.stream.IntStream;

/**
 * An emulator of BCDA and other services on loopback in this process, with synthetic beneficiaries, for experiments and
 * tests. Thread-safe. The sandbox runs until it is closed.
 *
 * <pre>{@code
 * try (Sandbox sandbox = Sandbox.builder().beneficiaries(100).start();
 *     BcdaClient client = sandbox.clientBuilder().build()) {
 *   client.export(ExportRequest.builder().out(Path.of("trial")).build());
 * }
 * }</pre>
 */
public final class Sandbox implements AutoCloseable {
  private final NativeHandle handle;
  private final String name;

  private Sandbox(NativeHandle handle) {
    this.handle = handle;
    this.name = "Sandbox[" + url() + "]";
  }

  /**
   * Starts a sandbox with the default options.
   *
   * @return a running sandbox, which the caller must close
   */
  public static Sandbox start() {
    return builder().start();
  }

  /**
   * Creates a builder in which every option has its default.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * The table of options.
   *
   * @return all options; the help of {@code fault} has one line for each kind of fault
   */
  public static List<Option> options() {
    return IntStream.range(0, Native.sandbox_option_count()).mapToObj(Option::at).toList();
  }

  /**
   * One row of the table of options.
   *
   * @param name the name, for example {@code "beneficiaries"}
   * @param defaultValue the default, or "" if there is none
   * @param help what the option does, and what it takes
   */
  public record Option(String name, String defaultValue, String help) {
    static Option at(int index) {
      return new Option(
          Native.sandbox_option_name(index), Native.sandbox_option_default(index), Native.sandbox_option_help(index));
    }
  }

  /**
   * A builder of clients of this sandbox.
   *
   * @return a builder in which the {@link #settings()} are set
   */
  public BcdaClient.Builder clientBuilder() {
    BcdaClient.Builder builder = BcdaClient.builder().of(this);
    settings().forEach(builder::set);
    return builder;
  }

  /**
   * The settings that a client of this sandbox needs.
   *
   * @return the values by name, which contain the secret
   */
  public Map<String, String> settings() {
    Map<String, String> all = new LinkedHashMap<>();
    int count = handle.call(Native::sandbox_setting_count);
    for (int i = 0; i < count; i++) {
      int index = i;
      all.put(
          handle.call(sandbox -> Native.sandbox_setting_name(sandbox, index)),
          handle.call(sandbox -> Native.sandbox_setting_value(sandbox, index)));
    }
    return all;
  }

  /**
   * The URL of the sandbox.
   *
   * @return for example {@code "https://localhost:41234"}
   */
  public String url() {
    return handle.call(Native::sandbox_url);
  }

  /**
   * The client id of the credentials.
   *
   * @return the client id
   */
  public String clientId() {
    return handle.call(Native::sandbox_client_id);
  }

  /**
   * The client secret of the credentials.
   *
   * @return the client secret
   */
  public String clientSecret() {
    return handle.call(Native::sandbox_client_secret);
  }

  /**
   * The private key for decryption.
   *
   * @return a PEM file that exists as long as the sandbox; null if the option {@code public_key} was given
   */
  public Path privateKey() {
    return path(Native::sandbox_private_key);
  }

  /**
   * The certificate authority that a client must trust.
   *
   * @return a PEM file that exists as long as the sandbox; null without TLS
   */
  public Path caFile() {
    return path(Native::sandbox_ca_file);
  }

  /**
   * All settings that a client needs.
   *
   * @return one line of JSON, which contains the secret
   */
  public String json() {
    return handle.call(Native::sandbox_json);
  }

  /**
   * Changes an option while the sandbox runs.
   *
   * @param name {@code "fault"} (the value {@code "none"} clears all faults), {@code "clock"} (moves the clock
   *     forward), or another option that can be changed
   * @param value a value that the option takes
   * @throws BcdaException.InvalidArgument there is no such option, or the value is wrong
   */
  public void control(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    handle.run(sandbox -> Native.sandbox_control(sandbox, name, value));
  }

  /**
   * Counts requests.
   *
   * @param prefix a method and a path, for example {@code "POST /auth/token"}
   * @return the number of requests answered so far that start with the prefix
   */
  public long requestCount(String prefix) {
    Objects.requireNonNull(prefix, "prefix");
    return handle.call(sandbox -> Native.sandbox_request_count(sandbox, prefix));
  }

  /** Closes every connection and removes the files of the sandbox. Idempotent. */
  @Override
  public void close() {
    handle.close();
  }

  /** The URL of the sandbox. */
  @Override
  public String toString() {
    return name;
  }

  private Path path(LongFunction<String> of) {
    String text = handle.call(of);
    return text.isEmpty() ? null : Path.of(text);
  }

  /** Builds sandboxes. For one thread at a time. */
  public static final class Builder {
    private record Value(String name, String value) {}

    private final List<Value> values = new ArrayList<>();

    private Builder() {}

    /**
     * Sets an option by name.
     *
     * @param name the name of one of {@link Sandbox#options()}
     * @param value a value that the option takes
     * @return this
     */
    public Builder option(String name, String value) {
      values.add(new Value(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value")));
      return this;
    }

    /**
     * Sets the number of beneficiaries.
     *
     * @param count 0 or more
     * @return this
     */
    public Builder beneficiaries(int count) {
      return option("beneficiaries", Integer.toString(count));
    }

    /**
     * Adds a fault.
     *
     * @param fault for example {@code "reset:count=2"}; the help of the option {@code fault} lists the kinds
     * @return this
     */
    public Builder fault(String fault) {
      return option("fault", fault);
    }

    /**
     * Starts the sandbox.
     *
     * @return a running sandbox, which the caller must close
     * @throws BcdaException.InvalidArgument an option is unknown, or its value is wrong
     */
    public Sandbox start() {
      try (NativeHandle options =
          new NativeHandle("options", Native.sandbox_options_create(), Native::sandbox_options_destroy)) {
        // Set first, so that the same option from the caller replaces it.
        options.run(at -> Native.sandbox_options_set(at, "directory", System.getProperty("java.io.tmpdir", "")));
        values.forEach(each -> options.run(at -> Native.sandbox_options_set(at, each.name, each.value)));
        long sandbox = options.call(Native::sandbox_start);
        return new Sandbox(new NativeHandle("sandbox", sandbox, Native::sandbox_destroy));
      }
    }
  }
}
