package io.github.libbcda;

import java.util.List;
import java.util.regex.Pattern;

/**
 * A resource that no longer exists at the service.
 *
 * @param type its resource type, for example {@code "Patient"}
 * @param id its id
 */
public record DeletedResource(String type, String id) {
  // The library checks types and ids, so neither has a character that JSON escapes.
  private static final Pattern ONE = Pattern.compile("\\{\"type\":\"([A-Za-z]+)\",\"id\":\"([A-Za-z0-9._-]+)\"\\}");

  static List<DeletedResource> of(String json) {
    return ONE.matcher(json).results().map(one -> new DeletedResource(one.group(1), one.group(2))).toList();
  }
}
