package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Nothing of the C interface is out of Java's reach. */
class ParityTest {
  private static final List<Path> HEADERS =
      List.of(
          Trials.REPOSITORY.resolve("capi/include/bcda/bcda.h"),
          Trials.REPOSITORY.resolve("sandbox/include/bcda/bcda_sandbox.h"));

  /** Unused, because another function says the same. */
  private static final Map<String, String> UNUSED =
      new TreeMap<>(
          Map.of(
              "bcda_client_metadata", "bcda_metadata_start says the same and can be canceled",
              "bcda_setting_get_type", "bcda_setting_type_name says the same",
              "bcda_event_get_kind", "bcda_event_kind_name says the same",
              "bcda_error_status", "every call returns the status, too",
              "bcda_version_number", "bcda_version says the same",
              "bcda_run_get_kind", "bcda_run_kind_name says the same",
              "bcda_run_fd", "Java polls no descriptors; run_wait_wakeup waits for the same"));

  private static Set<String> declared() throws IOException {
    Set<String> names = new TreeSet<>();
    for (Path header : HEADERS) {
      Pattern.compile("BCDA_API [\\w\\s*]+?\\b(bcda_\\w+)\\s*\\(")
          .matcher(Files.readString(header))
          .results()
          .forEach(found -> names.add(found.group(1)));
    }
    assertTrue(names.size() > 100);
    return names;
  }

  /** What the facade's objects, not yet linked with the library, ask for. */
  private static Set<String> called() throws Exception {
    List<String> command = new ArrayList<>(List.of("nm", "-u"));
    try (Stream<Path> built = Files.walk(Path.of(System.getProperty("objects"), "CMakeFiles/bcda_flat.dir"))) {
      built.filter(path -> path.toString().endsWith(".o")).map(Path::toString).forEach(command::add);
    }
    assertTrue(command.size() > 2);
    Process nm = new ProcessBuilder(command).start();
    String symbols = Utf8.decode(nm.getInputStream().readAllBytes());
    assertEquals(0, nm.waitFor());
    return Pattern.compile("\\bU (bcda_\\w+)")
        .matcher(symbols)
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void theFacadeCallsEveryFunction() throws Exception {
    Set<String> rest = declared();
    rest.removeAll(called());
    assertEquals(UNUSED.keySet(), rest);
  }

  /** The hand-written layer uses all that SWIG offers it; what it does not, no user reaches. */
  @Test
  void theLayerCallsTheWholeFacade() throws Exception {
    StringBuilder sources = new StringBuilder();
    try (Stream<Path> files = Files.list(Trials.REPOSITORY.resolve("bindings/java/src/main/java/io/github/libbcda"))) {
      for (Path file : files.toList()) {
        sources.append(Files.readString(file));
      }
    }
    Set<String> offered = Arrays.stream(Native.class.getDeclaredMethods()).map(Method::getName).collect(Collectors.toSet());
    Set<String> unused =
        offered.stream()
            .filter(name -> !Pattern.compile("Native(\\.|::)" + name + "\\b").matcher(sources).find())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> known =
        Set.of(
            "live_handles", // for tests
            "status_count", // Status is made from the table
            "status_at",
            "status_name",
            "status_exit_code",
            "result_error_file_count", // ExportResult counts its own
            "batch_length"); // a batch has as many values as rows, and the ends of a list count its items
    assertEquals(new TreeSet<>(known), unused);
  }
}
