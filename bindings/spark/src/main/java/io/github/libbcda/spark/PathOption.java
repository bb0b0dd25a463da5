package io.github.libbcda.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.libbcda.Status;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Options that are paths of the driver's file system. Spark writes some as URLs. */
final class PathOption {
  private PathOption() {}

  /** A path, or a {@code file:} URL without a host. */
  static Path of(String name, String text) {
    try {
      if (text.startsWith("file:/")) {
        return Path.of(URI.create(text));
      }
      if (!text.isEmpty() && !text.matches("(?s)[A-Za-z][A-Za-z0-9+.-]+:.*")) {
        return Path.of(text.matches("(?s)~(/.*)?") ? System.getProperty("user.home") + text.substring(1) : text);
      }
    } catch (IllegalArgumentException malformed) { // also a host, a query, or a NUL
      throw Failures.invalid("the option " + name + " is no path and no file: URL of this machine");
    }
    throw Failures.invalid("the option " + name + " takes a path of a local or mounted file system");
  }

  static void expectExisting(Path path) {
    if (!Files.exists(path)) {
      throw new BcdaSparkException(Status.FILESYSTEM, "there is no " + path + " on the driver");
    }
  }

  /** The items of a JSON array. Another text is the only item. */
  static List<String> items(String name, String value) {
    if (!value.startsWith("[")) {
      return List.of(value);
    }
    try {
      return List.of(new ObjectMapper().readValue(value, String[].class));
    } catch (JsonProcessingException | NullPointerException error) { // List.of refuses null
      throw Failures.invalid("the option " + name + " is not a JSON array of texts");
    }
  }
}
