package io.github.libbcda;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.LongFunction;
import java.util.stream.IntStream;

/**
 * An emulator of the service as it was in 2019, on loopback in this process, with synthetic beneficiaries: for trials and
 * tests. Thread-safe; serves until it is closed.
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
   * Starts one with the defaults.
   *
   * @return a sandbox that serves, to be closed
   */
  public static Sandbox start() {
    return builder().start();
  }

  /**
   * Starts from the defaults.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * The table of options.
   *
   * @return all of them; the help of {@code fault} has a line for each kind
   */
  public static List<Option> options() {
    return IntStream.range(0, Native.sandbox_option_count()).mapToObj(Option::at).toList();
  }

  /**
   * One row of the table of options.
   *
   * @param name such as {@code "beneficiaries"}
   * @param defaultValue "" when there is none
   * @param help what it does, and what it takes
   */
  public record Option(String name, String defaultValue, String help) {
    static Option at(int index) {
      return new Option(
          Native.sandbox_option_name(index), Native.sandbox_option_default(index), Native.sandbox_option_help(index));
    }
  }

  /**
   * A builder of clients that reach this sandbox.
   *
   * @return with URL, credentials, private key and CA file set
   */
  public BcdaClient.Builder clientBuilder() {
    return BcdaClient.builder()
        .of(this)
        .url(url())
        .clientId(clientId())
        .clientSecret(clientSecret())
        .privateKey(privateKey())
        .caFile(caFile());
  }

  /**
   * Where it listens.
   *
   * @return such as {@code "https://localhost:41234"}
   */
  public String url() {
    return handle.call(Native::sandbox_url);
  }

  /**
   * Half of the credentials.
   *
   * @return the client id
   */
  public String clientId() {
    return handle.call(Native::sandbox_client_id);
  }

  /**
   * Half of the credentials.
   *
   * @return the client secret
   */
  public String clientSecret() {
    return handle.call(Native::sandbox_client_secret);
  }

  /**
   * The private key to decrypt with.
   *
   * @return a PEM file that lives as long as the sandbox; null when it has been given a {@code public_key}
   */
  public Path privateKey() {
    return path(Native::sandbox_private_key);
  }

  /**
   * The certificate authority to trust.
   *
   * @return a PEM file that lives as long as the sandbox; null without TLS
   */
  public Path caFile() {
    return path(Native::sandbox_ca_file);
  }

  /**
   * All that a client needs.
   *
   * @return one line of JSON, the secret in it
   */
  public String json() {
    return handle.call(Native::sandbox_json);
  }

  /**
   * Changes how it behaves from now on.
   *
   * @param name {@code "fault"} ({@code "none"} clears), {@code "clock"} (moves its clock ahead), or an option that can be
   *     changed
   * @param value as the option takes it
   * @throws BcdaException.InvalidArgument there is no such name, or the value is wrong
   */
  public void control(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    handle.run(sandbox -> Native.sandbox_control(sandbox, name, value));
  }

  /**
   * Counts requests.
   *
   * @param prefix method and path, such as {@code "POST /auth/token"}
   * @return how many that begin so were answered so far
   */
  public long requestCount(String prefix) {
    Objects.requireNonNull(prefix, "prefix");
    return handle.call(sandbox -> Native.sandbox_request_count(sandbox, prefix));
  }

  /** Closes every connection and removes its files. Idempotent. */
  @Override
  public void close() {
    handle.close();
  }

  /** Where it listens. */
  @Override
  public String toString() {
    return name;
  }

  private Path path(LongFunction<String> of) {
    String text = handle.call(of);
    return text.isEmpty() ? null : Path.of(text);
  }

  /** Makes sandboxes. For one thread at a time. */
  public static final class Builder {
    private record Value(String name, String value) {}

    private final List<Value> values = new ArrayList<>();

    private Builder() {}

    /**
     * Sets an option by name.
     *
     * @param name one of {@link Sandbox#options()}
     * @param value as the option takes it
     * @return this
     */
    public Builder option(String name, String value) {
      values.add(new Value(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value")));
      return this;
    }

    /**
     * Sets how many beneficiaries there are.
     *
     * @param count from 0
     * @return this
     */
    public Builder beneficiaries(int count) {
      return option("beneficiaries", Integer.toString(count));
    }

    /**
     * Adds a fault.
     *
     * @param fault such as {@code "reset:count=2"}; the help of the option {@code fault} has the kinds
     * @return this
     */
    public Builder fault(String fault) {
      return option("fault", fault);
    }

    /**
     * Starts serving.
     *
     * @return a sandbox that listens, to be closed
     * @throws BcdaException.InvalidArgument an option is unknown or its value wrong
     */
    public Sandbox start() {
      try (NativeHandle options =
          new NativeHandle("options", Native.sandbox_options_create(), Native::sandbox_options_destroy)) {
        // First, so that an option that is given goes before it.
        options.run(at -> Native.sandbox_options_set(at, "directory", System.getProperty("java.io.tmpdir", "")));
        values.forEach(each -> options.run(at -> Native.sandbox_options_set(at, each.name, each.value)));
        long sandbox = options.call(Native::sandbox_start);
        return new Sandbox(new NativeHandle("sandbox", sandbox, Native::sandbox_destroy));
      }
    }
  }
}
