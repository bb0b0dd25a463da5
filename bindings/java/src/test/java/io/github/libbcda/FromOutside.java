package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** Runs the jar in a JVM of its own, with nothing of the environment but {@link #KEPT}. */
abstract class FromOutside {
  static final Path JAR = Path.of(System.getProperty("jar"));
  static final Path LIBRARY =
      Path.of(System.getProperty("native"), "native", Platform.current().name(), System.mapLibraryName("bcda_java"));
  static final String VERSION = System.getProperty("version");
  static final String JAVA = Path.of(System.getProperty("java.home"), "bin/java").toString();
  static final String TESTS = System.getProperty("test.classes");
  static final String SANITIZED = "BCDA_TEST_SANITIZED"; // ./dev asan-bindings sets it

  /** LD_PRELOAD and the options are for a library that was built with sanitizers. */
  private static final Set<String> KEPT = Set.of("PATH", "LC_ALL", "LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS");

  @TempDir Path dir;

  record Ended(int code, String out, String error) {}

  /** In a JVM whose home and directory for temporary files are {@link #dir}. */
  Ended java(String... arguments) throws Exception {
    return run(command(arguments));
  }

  List<String> command(String... arguments) {
    String access = "--enable-native-access=ALL-UNNAMED"; // newer JDKs warn otherwise
    Stream<String> java = Stream.of(JAVA, "-Djava.io.tmpdir=" + dir, "-Duser.home=" + dir, access);
    return Stream.concat(java, Stream.of(arguments)).toList();
  }

  /** With the tests on the class path. */
  Ended javaTests(String... arguments) throws Exception {
    Stream<String> given = Stream.of("-Drepository=" + Trials.REPOSITORY, "-cp", with(TESTS));
    return java(Stream.concat(given, Stream.of(arguments)).toArray(String[]::new));
  }

  Ended run(List<String> command) throws Exception {
    Path out = dir.resolve("stdout");
    Path error = dir.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(dir.toFile()).redirectOutput(out.toFile()).redirectError(error.toFile());
    builder.environment().keySet().retainAll(KEPT);
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), () -> command + " hangs");
    } finally {
      process.destroyForcibly();
    }
    return new Ended(process.exitValue(), Files.readString(out), Files.readString(error));
  }

  static String with(String... more) {
    return Stream.concat(Stream.of(JAR.toString()), Stream.of(more)).collect(Collectors.joining(":"));
  }
}
