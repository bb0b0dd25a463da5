package io.github.libbcda.spark;

import io.github.libbcda.Bcda;
import io.github.libbcda.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** A sandbox, and the options that read it: secrets are in files. */
final class Trials implements AutoCloseable {
  static final String KICK_OFF = "GET /api/v1/ExplanationOfBenefit/$export";

  final Sandbox sandbox;
  final Path directory; // of the secrets and of the state
  final Set<String> secrets = new TreeSet<>();
  private final Map<String, String> options = new LinkedHashMap<>();

  Trials(Path directory, Sandbox.Builder builder) throws IOException {
    this.directory = directory;
    sandbox = builder.option("pending_time", "0").option("job_time", "0").start();
    sandbox.settings().forEach(this::take);
    take("partition_key", "fedcba9876543210".repeat(4));
    if (sandbox.privateKey() != null) {
      secrets.add(Files.readAllLines(sandbox.privateKey()).get(1));
    }
    options.putAll(Map.of("poll_interval", "20ms", "retry_delay", "5ms", "retry_max_delay", "20ms", "threads", "2"));
  }

  /** Encrypted files of claims. */
  static Trials claims(Path directory, int files) throws IOException {
    return new Trials(directory, Sandbox.builder().beneficiaries(8 * files).option("beneficiaries_per_file", "8"))
        .with("types", "ExplanationOfBenefit");
  }

  private void take(String name, String value) {
    if (!Bcda.setting(name).orElseThrow().secret()) {
      options.put(name, value);
      return;
    }
    secrets.add(value);
    try {
      options.put(name + "_file", Files.writeString(directory.resolve(name), value).toString());
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  Trials with(String name, String value) {
    options.put(name, value);
    return this;
  }

  /** The options, and others. */
  Map<String, String> options(String... pairs) {
    Map<String, String> all = new LinkedHashMap<>(options);
    for (int i = 0; i < pairs.length; i += 2) {
      all.put(pairs[i], pairs[i + 1]);
    }
    return all;
  }

  long kickOffs() {
    return sandbox.requestCount(KICK_OFF);
  }

  long downloads() {
    return sandbox.requestCount("GET /data");
  }

  @Override
  public void close() {
    sandbox.close();
  }
}
