package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The jar as its users have it: in a JVM of its own, with nothing of the environment but {@link #KEPT}. */
class JarIT {
  private static final Path JAR = Path.of(System.getProperty("jar"));
  private static final Path LIBRARY =
      Path.of(System.getProperty("native"), "native", NativeLibrary.platform(), System.mapLibraryName("bcda_java"));
  private static final String JAVA = Path.of(System.getProperty("java.home"), "bin/java").toString();
  private static final String TESTS = System.getProperty("test.classes");
  private static final String EXAMPLE = Trials.REPOSITORY.resolve("examples/java/NightlyExport.java").toString();

  private static final String SANITIZED = "BCDA_TEST_SANITIZED"; // ./dev asan-bindings sets it

  /** LD_PRELOAD and the options are for a library that was built with sanitizers. */
  private static final Set<String> KEPT = Set.of("PATH", "LC_ALL", "LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS");

  @TempDir Path dir;

  private record Ended(int code, String out, String error) {}

  private Ended java(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(JAVA));
    command.add("-Djava.io.tmpdir=" + dir);
    command.add("--enable-native-access=ALL-UNNAMED"); // newer JDKs warn otherwise
    command.addAll(Arrays.asList(arguments));
    return run(command);
  }

  /** With the tests on the class path. */
  private Ended javaTests(String... arguments) throws Exception {
    Stream<String> given = Stream.of("-Drepository=" + Trials.REPOSITORY, "-cp", with(TESTS));
    return java(Stream.concat(given, Stream.of(arguments)).toArray(String[]::new));
  }

  private Ended run(List<String> command) throws Exception {
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

  private String with(String... more) {
    return Stream.concat(Stream.of(JAR.toString()), Stream.of(more)).collect(Collectors.joining(":"));
  }

  private Path[] left() throws Exception {
    try (Stream<Path> files = Files.list(dir)) {
      return files.filter(path -> path.getFileName().toString().startsWith("bcda-")).toArray(Path[]::new);
    }
  }

  // ---- What is in it ----

  @Test
  @DisabledIfEnvironmentVariable(named = SANITIZED, matches = ".+", disabledReason = "its library is not self-contained")
  void oneJarHoldsEverything() throws Exception {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      Set<String> names = jar.stream().map(entry -> entry.getName()).collect(Collectors.toCollection(TreeSet::new));
      assertTrue(names.contains("module-info.class"));
      assertTrue(names.contains("META-INF/LICENSE"));
      for (String part : List.of("OpenSSL", "zlib", "simdjson", "FlatBuffers", "Boost", "libstdc++")) {
        assertTrue(names.contains("META-INF/third-party/" + part + ".txt"), part);
      }
      assertTrue(names.contains("io/github/libbcda/native/" + NativeLibrary.platform() + "/libbcda_java.so"));
      assertEquals(System.getProperty("version"), jar.getManifest().getMainAttributes().getValue("Implementation-Version"));
      assertTrue(
          names.stream().filter(name -> name.endsWith(".class")).allMatch(
                  name -> name.startsWith("io/github/libbcda/") || name.equals("module-info.class")),
          "no dependency");
    }
    for (String kind : List.of("sources", "javadoc")) {
      assertTrue(Files.exists(JAR.resolveSibling("bcda-" + kind + ".jar")), kind);
    }
  }

  @Test
  @DisabledIfEnvironmentVariable(named = SANITIZED, matches = ".+", disabledReason = "its library is not self-contained")
  void theLibraryNeedsTheCLibraryAndTheUnwinderAloneAndShowsJniAlone() throws Exception {
    Ended needed = run(List.of("objdump", "-p", LIBRARY.toString()));
    Set<String> libraries =
        needed.out.lines().filter(line -> line.contains("NEEDED")).map(line -> line.trim().split("\\s+")[1])
            .collect(Collectors.toSet());
    // libgcc_s unwinds for all libraries of the process: one inside would end it when others unwind through ours.
    assertTrue(libraries.containsAll(Set.of("libc.so.6", "libgcc_s.so.1")), libraries::toString);
    libraries.remove("libgcc_s.so.1");
    libraries.removeIf(name -> name.matches("(libc|libm|libdl|libpthread|librt)\\.so\\.\\d|ld-linux.*"));
    assertEquals(Set.of(), libraries);
    Ended shown = run(List.of("nm", "-D", "--defined-only", LIBRARY.toString()));
    List<String> symbols = shown.out.lines().map(line -> line.substring(line.lastIndexOf(' ') + 1)).toList();
    assertTrue(symbols.size() > 50);
    assertTrue(symbols.stream().allMatch(name -> name.startsWith("Java_io_github_libbcda_NativeJNI_")), symbols::toString);
  }

  /** Debian 12's own toolchain brings symbols of glibc 2.34. A newer system's may bring newer ones, but no unwinder. */
  @Test
  void theLibraryAsksForNoNewerCLibraryThanItHasTo() throws Exception {
    List<String> asked =
        run(List.of("objdump", "-T", LIBRARY.toString())).out.lines().filter(line -> line.contains("GLIBC_")).toList();
    assertTrue(asked.size() > 50);
    assertTrue(asked.stream().noneMatch(line -> line.contains("_dl_find_object")), "libgcc's unwinder is inside");
    Path release = Path.of("/etc/os-release");
    if (Files.exists(release) && Files.readString(release).contains("VERSION_CODENAME=bookworm")) {
      List<String> newer = asked.stream().filter(line -> minorOfGlibc(line) > 34).toList();
      assertEquals(List.of(), newer);
    }
  }

  private static int minorOfGlibc(String line) {
    Matcher version = Pattern.compile("GLIBC_2\\.(\\d+)").matcher(line);
    return version.find() ? Integer.parseInt(version.group(1)) : 0;
  }

  @Test
  void itIsAModuleThatNeedsNoOther() throws Exception {
    Ended ended = java("-p", JAR.toString(), "--describe-module", "io.github.libbcda");
    assertTrue(ended.out.contains("exports io.github.libbcda"));
    assertEquals(1, ended.out.lines().filter(line -> line.startsWith("requires")).count());
    assertTrue(ended.out.contains("requires java.base"));
  }

  // ---- The loader ----

  private static final String PROGRAM =
      "public class P { public static void main(String[] a) { System.out.print(io.github.libbcda.Bcda.version()); } }";

  private Ended program(String... options) throws Exception {
    Path source = Files.writeString(dir.resolve("P.java"), PROGRAM);
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.add(source.toString());
    return java(arguments.toArray(String[]::new));
  }

  @Test
  void theLibraryIsUnpackedAndLeavesNothing() throws Exception {
    Ended ended = program("-cp", with());
    assertEquals(System.getProperty("version"), ended.out, ended.error);
    assertEquals(0, left().length);
  }

  @Test
  void asAModule() throws Exception {
    Ended ended = program("-p", JAR.toString(), "--add-modules", "io.github.libbcda");
    assertEquals(System.getProperty("version"), ended.out, ended.error);
  }

  @Test
  void whereThePropertySays() throws Exception {
    Ended ended = program("-D" + NativeLibrary.PROPERTY + "=" + LIBRARY, "-Djava.io.tmpdir=/nowhere", "-cp", with());
    assertEquals(System.getProperty("version"), ended.out, ended.error);
    Ended missing = program("-D" + NativeLibrary.PROPERTY + "=/nowhere/lib.so", "-cp", with());
    expectOnce(missing, "/nowhere/lib.so", NativeLibrary.PROPERTY);
  }

  private static final String TWO_LOADERS =
      """
      public class P {
        public static void main(String[] jar) throws Exception {
          java.net.URL[] urls = {java.nio.file.Path.of(jar[0]).toUri().toURL()};
          for (int i = 0; i < 2; i++) {
            Class<?> loaded = new java.net.URLClassLoader(urls).loadClass("io.github.libbcda.Bcda");
            System.out.println(loaded.getMethod("version").invoke(null));
          }
        }
      }
      """;

  @Test
  void whereThePropertySaysInEachClassLoader() throws Exception {
    Path source = Files.writeString(dir.resolve("P.java"), TWO_LOADERS);
    Ended ended = java("-D" + NativeLibrary.PROPERTY + "=" + LIBRARY, source.toString(), JAR.toString());
    String version = System.getProperty("version");
    assertEquals(List.of(version, version), ended.out.lines().toList(), ended.error);
    assertEquals(0, left().length);
  }

  @Test
  void onTheLibraryPath() throws Exception {
    Ended ended = program("-Djava.library.path=" + LIBRARY.getParent(), "-Djava.io.tmpdir=/nowhere", "-cp", with());
    assertEquals(System.getProperty("version"), ended.out, ended.error);
  }

  @Test
  void aLibraryOfAnotherVersionIsRefused() throws Exception {
    Path other = dir.resolve("libbcda_java.so");
    Path source = Files.writeString(dir.resolve("other.cpp"), OTHER);
    String headers = Path.of(System.getProperty("java.home"), "include").toString();
    Ended made =
        run(List.of("c++", "-shared", "-fPIC", "-I" + headers, "-I" + headers + "/linux", "-o", other.toString(),
            source.toString()));
    assertEquals(0, made.code, made.error);
    for (String option : List.of("-D" + NativeLibrary.PROPERTY + "=" + other, "-Djava.library.path=" + dir)) {
      Ended ended = program(option, "-cp", with());
      assertEquals(1, ended.code, ended.out);
      for (String part : List.of("version 0.0.9", System.getProperty("version"), option.substring(2))) {
        assertTrue(ended.error.contains(part), ended.error);
      }
    }
  }

  private static final String OTHER =
      """
      #include <jni.h>
      extern "C" JNIEXPORT jbyteArray JNICALL Java_io_github_libbcda_NativeJNI_version(JNIEnv* env, jclass) {
        jbyteArray made = env->NewByteArray(5);
        env->SetByteArrayRegion(made, 0, 5, reinterpret_cast<const jbyte*>("0.0.9"));
        return made;
      }
      """;

  @Test
  void theCauseIsToldWhenItCannotBeLoaded() throws Exception {
    Ended ended = program("-Djava.io.tmpdir=/nowhere", "-cp", with());
    assertEquals(1, ended.code);
    List<String> parts =
        List.of(NativeLibrary.PROPERTY, "java.library.path", "NoSuchFileException: /nowhere", "cannot be used", "tmpdir");
    for (String part : parts) {
      assertTrue(ended.error.contains(part), ended.error);
    }
    expectOnce(ended, "/nowhere/", "could not be loaded");
  }

  /** Each is in one line, once; and there is no second error that tells the first. */
  private static void expectOnce(Ended ended, String... parts) {
    assertEquals(1, ended.code, ended.out);
    List<String> told = ended.error.lines().filter(line -> line.matches("(Exception|Caused by|\\s*Suppressed).*")).toList();
    assertEquals(1, told.size(), ended.error);
    for (String part : parts) {
      assertEquals(1, told.get(0).split(Pattern.quote(part), -1).length - 1, () -> part + " in " + ended.error);
    }
  }

  @Test
  void aLibraryThatIsNoneIsToldOnce() throws Exception {
    Path broken = Files.writeString(dir.resolve("libbcda_java.so"), "no library");
    expectOnce(program("-D" + NativeLibrary.PROPERTY + "=" + broken, "-cp", with()), broken.toString(), "could not be loaded");
    Ended onPath = program("-Djava.library.path=" + dir, "-Djava.io.tmpdir=/nowhere", "-cp", with());
    expectOnce(onPath, broken.toString(), "java.library.path", "/nowhere/");
    assertEquals(System.getProperty("version"), program("-Djava.library.path=" + dir, "-cp", with()).out);
  }

  @Test
  void aDirectoryThatJavaCannotNameIsRefusedBeforeTheRun() throws Exception {
    Ended ended =
        run(List.of("env", "LC_ALL=C", JAVA, "--enable-native-access=ALL-UNNAMED", "-Drepository=" + Trials.REPOSITORY, "-cp",
            with(TESTS), Unnameable.class.getName(), dir.toString()));
    assertEquals(0, ended.code, ended.error);
    assertEquals("refused 3 times, without a request", ended.out.strip());
  }

  // ---- Programs ----

  @Test
  void theExampleRuns() throws Exception {
    Ended ended = java("-cp", with(), EXAMPLE, "--sandbox");
    assertEquals(0, ended.code, ended.error);
    assertTrue(ended.out.matches("(?s)\\d{4}-\\d\\d-\\d\\d: 3 files, \\d+ records, as of .*"), ended.out);
    assertTrue(ended.error.contains("downloading"), ended.error);
    assertEquals(2, java("-cp", with(), EXAMPLE).code);
  }

  @Test
  void theExampleRefusesAWrongTimeInOneLine() throws Exception {
    Path nights = dir.resolve("nights");
    for (String time : List.of("25:99", "2am", "")) {
      Ended ended = java("-cp", with(), EXAMPLE, nights.toString(), time);
      assertEquals(2, ended.code, ended.error);
      assertTrue(ended.error.matches("usage: NightlyExport [^\n]* " + time + " is not a time such as 02:15\n"), ended.error);
      assertFalse(Files.exists(nights));
    }
  }

  @Test
  void theExampleServesUntilSigterm() throws Exception {
    Path nights = dir.resolve("nights");
    try (Sandbox sandbox = Stage.WAITING.sandbox()) {
      ProcessBuilder builder =
          new ProcessBuilder(JAVA, "--enable-native-access=ALL-UNNAMED", "-cp", with(), EXAMPLE, nights.toString(), "00:00");
      builder.environment().put("BCDA_URL", sandbox.url());
      builder.environment().put("BCDA_CLIENT_ID", sandbox.clientId());
      builder.environment().put("BCDA_CLIENT_SECRET", sandbox.clientSecret());
      builder.environment().put("BCDA_PRIVATE_KEY", sandbox.privateKey().toString());
      builder.environment().put("BCDA_CA_FILE", sandbox.caFile().toString());
      Process process = builder.start();
      try (BufferedReader log = process.errorReader()) {
        List<String> before = log.lines().takeWhile(line -> !line.endsWith(" waiting")).toList();
        process.toHandle().destroy(); // leaves the log open
        List<String> after = log.lines().toList();
        assertTrue(Stream.of(before, after).flatMap(List::stream).anyMatch(line -> line.endsWith("waiting for 00:00")));
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(128 + 15, process.exitValue());
        assertTrue(after.get(after.size() - 1).endsWith(": canceled"), after::toString);
      } finally {
        process.destroyForcibly();
      }
    }
    try (Stream<Path> files = Files.walk(nights)) {
      List<String> left = files.map(path -> path.getFileName().toString()).toList();
      assertTrue(left.stream().noneMatch(name -> name.matches("(Patient|Coverage|Explanation|export).*")), left::toString);
    }
  }

  @Test
  void parallelStreamsOfRecordsAndOfRowsNeedNoMoreThanASmallHeap() throws Exception {
    Ended ended =
        javaTests(
            "-Xmx24m",
            "-Djava.util.concurrent.ForkJoinPool.common.parallelism=3",
            SmallHeap.class.getName(),
            dir.toString());
    assertEquals("all read, all rows read", ended.out.strip(), ended.error);
  }

  @Test
  void nothingToSayForCheckJni() throws Exception {
    Ended ended = javaTests("-Xcheck:jni", Tour.class.getName(), dir.toString());
    assertEquals(0, ended.code, ended.error);
    assertEquals("been everywhere, 0 handles left", ended.out.strip());
    assertEquals("", ended.error);
  }

  static Stream<Arguments> ends() {
    Stream<String> stages = Stream.concat(Stage.all().map(Enum::name), Stream.of("SINKING", "WRITING", "DECRYPTING", "READING", "TABLES"));
    return stages.flatMap(
        stage ->
            EnumSet.allOf(Exits.Way.class).stream()
                .filter(way -> !Set.of("READING", "TABLES").contains(stage) || way != Exits.Way.FROM_THE_LISTENER)
                .map(way -> Arguments.of(stage, way)));
  }

  @ParameterizedTest
  @MethodSource("ends")
  void theJvmEndsInTheMiddleOfIt(String stage, Exits.Way way) throws Exception {
    Ended ended = javaTests(Exits.class.getName(), stage, way.name(), dir.toString());
    int code =
        switch (way) {
          case FALLS_OFF -> 0;
          case UNCAUGHT -> 1;
          default -> Exits.CODE;
        };
    assertEquals(code, ended.code, ended.error);
    assertEquals("", ended.out);
    assertTrue(way == Exits.Way.UNCAUGHT ? ended.error.contains("on purpose") : ended.error.isEmpty(), ended.error);
    assertFalse(ended.error.contains("SIG"), ended.error);
  }
}
