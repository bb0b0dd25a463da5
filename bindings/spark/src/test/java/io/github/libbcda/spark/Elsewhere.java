package io.github.libbcda.spark;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A read in a JVM of its own, whose environment has a setting. */
final class Elsewhere {
  private Elsewhere() {}

  /** How many partitions each of so many plannings of one read makes. */
  static String plannings(int count, Map<String, String> options, String variable, String value) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>(List.of(java, "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Elsewhere.class.getName(), Integer.toString(count)));
    options.forEach((name, given) -> command.addAll(List.of(name, given)));
    ProcessBuilder child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    child.environment().put(variable, value);
    return new String(child.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  public static void main(String[] arguments) {
    Map<String, String> options = new TreeMap<>();
    for (int i = 1; i < arguments.length; i += 2) {
      options.put(arguments[i], arguments[i + 1]);
    }
    Planning planning = Planning.of(Options.of(options));
    for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
      System.out.print(planning.partitions().length + " ");
    }
  }
}
