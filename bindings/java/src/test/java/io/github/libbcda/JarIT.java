package io.github.libbcda;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The jar as its users have it. */
class JarIT extends FromOutside {
  private static final String EXAMPLE = Trials.REPOSITORY.resolve("examples/java/NightlyExport.java").toString();
  private static final String NATIVES = "io/github/libbcda/native/";

  // ---- What is in it ----

  private static List<String> platforms(JarFile jar) {
    return jar.stream()
        .map(JarEntry::getName)
        .filter(name -> name.startsWith(NATIVES) && name.endsWith(".so"))
        .map(name -> name.substring(NATIVES.length(), name.lastIndexOf('/')))
        .toList();
  }

  @Test
  @DisabledIfEnvironmentVariable(named = SANITIZED, matches = ".+", disabledReason = "its library is not self-contained")
  void oneJarHoldsEverything() throws Exception {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      Set<String> names = jar.stream().map(entry -> entry.getName()).collect(Collectors.toCollection(TreeSet::new));
      assertTrue(names.contains("module-info.class"));
      assertTrue(names.contains("META-INF/LICENSE"));
      for (String platform : platforms(jar)) {
        for (String part : List.of("OpenSSL", "zlib", "simdjson", "FlatBuffers", "Boost", "(LLVM|libstdc\\+\\+)")) {
          Pattern license = Pattern.compile("META-INF/third-party/(" + platform + "/)?" + part + "\\.txt");
          assertTrue(names.stream().anyMatch(license.asMatchPredicate()), platform + ": " + part);
        }
      }
      assertEquals(VERSION, jar.getManifest().getMainAttributes().getValue("Implementation-Version"));
      assertTrue(
          names.stream().filter(name -> name.endsWith(".class")).allMatch(
                  name -> name.startsWith("io/github/libbcda/") || name.equals("module-info.class")),
          "no dependency");
    }
    for (String kind : List.of("sources", "javadoc")) {
      assertTrue(Files.exists(JAR.resolveSibling("bcda-" + kind + ".jar")), kind);
    }
  }

  /** packaging/check.py checks the libraries themselves. */
  @Test
  void eachLibraryIsOfItsPlatform() throws Exception {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      List<String> platforms = platforms(jar);
      assertTrue(platforms.contains(Platform.current().name()));
      assertTrue(Platform.NAMES.containsAll(platforms), platforms::toString);
      for (String platform : platforms) {
        byte[] library = content(jar, platform, "");
        String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(library));
        assertEquals(digest + "\n", new String(content(jar, platform, ".sha256"), ISO_8859_1));
        assertEquals(platform.contains("x86_64") ? 62 : 183, library[18] & 0xff, platform); // e_machine of ELF
        String text = new String(library, ISO_8859_1);
        assertTrue(text.contains(platform.endsWith("-musl") ? "\0libc.so\0" : "\0libc.so.6\0"), platform);
      }
    }
  }

  private static byte[] content(JarFile jar, String platform, String suffix) throws Exception {
    return jar.getInputStream(jar.getEntry(NATIVES + platform + "/libbcda_java.so" + suffix)).readAllBytes();
  }

  @Test
  void itIsAModuleThatNeedsNoOther() throws Exception {
    Ended ended = java("-p", JAR.toString(), "--describe-module", "io.github.libbcda");
    assertTrue(ended.out().contains("exports io.github.libbcda"));
    assertEquals(1, ended.out().lines().filter(line -> line.startsWith("requires")).count());
    assertTrue(ended.out().contains("requires java.base"));
  }

  @Test
  void aDirectoryThatJavaCannotNameIsRefusedBeforeTheRun() throws Exception {
    List<String> command =
        command("-Drepository=" + Trials.REPOSITORY, "-cp", with(TESTS), Unnameable.class.getName(), dir.toString());
    Ended ended = run(Stream.concat(Stream.of("env", "LC_ALL=C"), command.stream()).toList());
    assertEquals(0, ended.code(), ended.error());
    assertEquals("refused 3 times, without a request", ended.out().strip());
  }

  // ---- Programs ----

  @Test
  void theExampleRuns() throws Exception {
    Ended ended = java("-cp", with(), EXAMPLE, "--sandbox");
    assertEquals(0, ended.code(), ended.error());
    assertTrue(ended.out().matches("(?s)\\d{4}-\\d\\d-\\d\\d: 3 files, \\d+ records, as of .*"), ended.out());
    assertTrue(ended.error().contains("downloading"), ended.error());
    assertEquals(2, java("-cp", with(), EXAMPLE).code());
  }

  @Test
  void theExampleRefusesAWrongTimeInOneLine() throws Exception {
    Path nights = dir.resolve("nights");
    for (String time : List.of("25:99", "2am", "")) {
      Ended ended = java("-cp", with(), EXAMPLE, nights.toString(), time);
      assertEquals(2, ended.code(), ended.error());
      assertTrue(ended.error().matches("usage: NightlyExport [^\n]* " + time + " is not a time such as 02:15\n"), ended.error());
      assertFalse(Files.exists(nights));
    }
  }

  @Test
  void theExampleServesUntilSigterm() throws Exception {
    Path nights = dir.resolve("nights");
    try (Sandbox sandbox = Stage.WAITING.sandbox()) {
      ProcessBuilder builder = new ProcessBuilder(command("-cp", with(), EXAMPLE, nights.toString(), "00:00"));
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
    assertEquals("all read, all rows read", ended.out().strip(), ended.error());
  }

  @Test
  void nothingToSayForCheckJni() throws Exception {
    Ended ended = javaTests("-Xcheck:jni", Tour.class.getName(), dir.toString());
    assertEquals(0, ended.code(), ended.error());
    assertEquals("been everywhere, 0 handles left", ended.out().strip());
    assertEquals("", ended.error());
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
    assertEquals(code, ended.code(), ended.error());
    assertEquals("", ended.out());
    assertTrue(way == Exits.Way.UNCAUGHT ? ended.error().contains("on purpose") : ended.error().isEmpty(), ended.error());
    assertFalse(ended.error().contains("SIG"), ended.error());
  }
}
