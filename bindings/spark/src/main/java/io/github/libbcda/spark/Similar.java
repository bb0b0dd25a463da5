package io.github.libbcda.spark;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.spark.unsafe.types.UTF8String;

/** Suggestions for misspelled names. */
final class Similar {
  private static final int LONGEST = 100; // longer text is not a misspelled name

  private Similar() {}

  /** What follows a message about {@code name}: the nearest of {@code names}, or all of them. */
  static String to(String name, List<String> names) {
    String nearest = names.stream().min(Comparator.comparingInt(each -> distance(name, each))).orElseThrow();
    boolean isNear = name.length() <= LONGEST && distance(name, nearest) <= name.length() / 2;
    return isNear ? "; did you mean " + nearest + "?" : "; docs/spark.md and docs/settings.md list the options";
  }

  private static int distance(String a, String b) {
    return lower(a).levenshteinDistance(lower(b));
  }

  private static UTF8String lower(String text) {
    return UTF8String.fromString(text.toLowerCase(Locale.ROOT));
  }
}
