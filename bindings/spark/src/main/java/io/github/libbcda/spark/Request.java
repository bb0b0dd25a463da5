package io.github.libbcda.spark;

import io.github.libbcda.Bcda;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.Setting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a job is asked for, and the directory that keeps it: reads with the same request share a job. */
final class Request {
  private final Jobs jobs;
  private final Mark mark; // null: since is not that of a mark
  private final String since; // "": everything

  private Request(Jobs jobs, Mark mark, String since) {
    this.jobs = jobs;
    this.mark = mark;
    this.since = since;
  }

  /** Makes the directory. The time of a mark is read here, so that it stays the same while a table is used. */
  static Request of(Options options) {
    BcdaClient.Builder settings = options.client();
    String since = settings.get("since");
    try {
      String first = options.isSinceMark() ? Mark.first(settings) : null;
      Path state = StateLocation.of(options.stateLocation());
      Mark mark = options.isSinceMark() ? Mark.of(options) : null;
      if (mark != null) {
        since = mark.time().orElse(first);
        settings.set("since", since);
      }
      Jobs jobs = new Jobs(StateLocation.directory(state, key(settings)), options.isRestart());
      return new Request(jobs, mark, since);
    } catch (IOException error) {
      throw StateLocation.failure(error);
    }
  }

  /** That of the job. Each planning asks for it, because another read may have restarted. */
  Path directory() throws IOException {
    return jobs.directory();
  }

  String since() {
    return since;
  }

  /** Notes the time up to which this request has everything. */
  void planned(String transactionTime) throws IOException {
    if (mark != null) {
      mark.plan(transactionTime);
    }
  }

  /** The name of the directory of a request. */
  static String key(BcdaClient.Builder settings) {
    return digest(values(settings));
  }

  /** The name of the directory of a mark, which is that of one table. */
  static String keyOfMark(BcdaClient.Builder settings, String definition) {
    Map<String, String> values = values(settings);
    values.remove("since");
    values.put("definition", definition);
    return digest(values);
  }

  /** The first 16 hex digits of the SHA-256 of the settings that are not their defaults. */
  private static String digest(Map<String, String> values) {
    String text =
        values.entrySet().stream()
            .map(each -> each.getKey() + "=" + each.getValue() + "\n")
            .collect(Collectors.joining());
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException never) {
      throw new IllegalStateException(never);
    }
  }

  private static Map<String, String> values(BcdaClient.Builder settings) {
    Map<String, String> values = new TreeMap<>();
    for (Setting setting : Bcda.settings()) {
      String name = setting.name();
      String value = setting.ofRequest() ? settings.get(name) : "";
      if (!value.isEmpty() && !value.equals(setting.defaultValue())) {
        values.put(name, name.equals("types") ? sorted(value) : value);
      }
    }
    return values;
  }

  private static String sorted(String types) {
    return Arrays.stream(types.split(",")).sorted().collect(Collectors.joining(","));
  }

  @Override
  public String toString() {
    return "Request";
  }
}
