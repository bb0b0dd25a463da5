package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;

/** How the jar finds and loads its native library. */
class LoaderIT extends FromOutside {
  private static final String MAIN = Loads.class.getName();

  private static String[] loading(String... options) {
    return Stream.concat(Stream.of(options), Stream.of("-cp", with(TESTS), MAIN)).toArray(String[]::new);
  }

  private Ended load(String... options) throws Exception {
    return java(loading(options));
  }

  private static void expectLoaded(Ended ended) {
    assertEquals(List.of(VERSION), ended.out().lines().toList(), ended.error());
  }

  /** Each is in one line, once; and there is no second error that tells the first. */
  private static void expectOnce(Ended ended, String... parts) {
    assertEquals(1, ended.code(), ended.out());
    List<String> told =
        ended.error().lines().filter(line -> line.matches("(Exception|Caused by|\\s*Suppressed).*")).toList();
    assertEquals(1, told.size(), ended.error());
    for (String part : parts) {
      assertEquals(1, told.get(0).split(Pattern.quote(part), -1).length - 1, () -> part + " in " + ended.error());
    }
  }

  private Path cache() {
    return dir.resolve(".cache/libbcda");
  }

  private static List<Path> in(Path directory) throws Exception {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private void expectNothingLeft() throws Exception {
    assertTrue(in(dir).stream().noneMatch(path -> path.getFileName().toString().startsWith("bcda-")), "a file is left");
  }

  // ---- Where the library is ----

  @Test
  void wherePropertyOrLibraryPathSay() throws Exception {
    expectLoaded(load("-D" + NativeLibrary.PROPERTY + "=" + LIBRARY));
    expectLoaded(load("-Djava.library.path=" + LIBRARY.getParent()));
    assertFalse(Files.exists(cache()), "nothing is unpacked");
    expectOnce(load("-D" + NativeLibrary.PROPERTY + "=/nowhere/lib.so"), "/nowhere/lib.so", NativeLibrary.PROPERTY);
  }

  @Test
  void aLibraryOfAnotherVersionIsRefused() throws Exception {
    Path other = dir.resolve("libbcda_java.so");
    Path source = Files.writeString(dir.resolve("other.cpp"), OTHER);
    String headers = Path.of(System.getProperty("java.home"), "include").toString();
    Ended made =
        run(
            List.of("c++", "-shared", "-fPIC", "-I" + headers, "-I" + headers + "/linux", "-o", other.toString(),
                source.toString()));
    assertEquals(0, made.code(), made.error());
    for (String option : List.of("-D" + NativeLibrary.PROPERTY + "=" + other, "-Djava.library.path=" + dir)) {
      Ended ended = load(option);
      assertEquals(1, ended.code(), ended.out());
      for (String part : List.of("version 0.0.9", VERSION, option.substring(2))) {
        assertTrue(ended.error().contains(part), ended.error());
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
  void aLibraryThatIsNoneIsToldOnce() throws Exception {
    Path broken = Files.writeString(dir.resolve("libbcda_java.so"), "no library");
    expectOnce(load("-D" + NativeLibrary.PROPERTY + "=" + broken), broken.toString(), "could not be loaded");
    String nowhere = "-D" + UnpackDirectory.PROPERTY + "=/proc/nowhere";
    Ended onPath = load("-Djava.library.path=" + dir, nowhere);
    expectOnce(onPath, broken.toString(), "java.library.path", "in /proc/nowhere: ");
    expectLoaded(load("-Djava.library.path=" + dir));
  }

  @Test
  void aMachineThatTheJarDoesNotServeIsNamed() throws Exception {
    expectOnce(load("-Dos.arch=riscv64"), "Linux on riscv64 with ", "this jar serves linux-", NativeLibrary.PROPERTY);
    expectOnce(load("-Dos.name=Mac OS X", "-Dos.arch=aarch64"), "this JVM is of Mac OS X on aarch64, ");
    expectLoaded(load("-Dos.arch=riscv64", "-D" + NativeLibrary.PROPERTY + "=" + LIBRARY));
  }

  // ---- Where it is unpacked ----

  @Test
  void aJvmUnpacksItForTheNextOnes() throws Exception {
    expectLoaded(load());
    List<Path> files = in(cache());
    assertEquals(1, files.size());
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache())));
    Object first = Files.getAttribute(files.get(0), "unix:ino");
    expectLoaded(load());
    assertEquals(files, in(cache()));
    assertEquals(first, Files.getAttribute(files.get(0), "unix:ino"));
    expectNothingLeft();
  }

  @Test
  void aFileThatIsNotTheJarsIsReplaced() throws Exception {
    expectLoaded(load());
    Path file = in(cache()).get(0);
    byte[] good = Files.readAllBytes(file);
    Files.writeString(file, "torn");
    expectLoaded(load());
    assertEquals(List.of(file), in(cache()));
    assertEquals(-1, Files.mismatch(file, Files.write(dir.resolve("good"), good)));
  }

  @Test
  void severalJvmsAtOnce() throws Exception {
    List<Process> started = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      started.add(new ProcessBuilder(command(loading())).redirectErrorStream(true).start());
    }
    for (Process process : started) {
      assertEquals(VERSION + "\n", new String(process.getInputStream().readAllBytes()));
    }
    assertEquals(1, in(cache()).size());
  }

  @Test
  void whereItsPropertyOrTheEnvironmentSay() throws Exception {
    Path named = dir.resolve("named/by the property");
    expectLoaded(load("-D" + UnpackDirectory.PROPERTY + "=" + named));
    assertEquals(1, in(named).size());
    Path caches = dir.resolve("caches");
    List<String> command = command(loading());
    expectLoaded(run(Stream.concat(Stream.of("env", "XDG_CACHE_HOME=" + caches), command.stream()).toList()));
    assertEquals(1, in(caches.resolve("libbcda")).size());
    assertFalse(Files.exists(cache()));
  }

  @Test
  void aCacheThatCannotBeTrustedIsNotUsed() throws Exception {
    Path elsewhere = Files.createDirectory(dir.resolve("elsewhere"));
    Files.createDirectory(dir.resolve(".cache"));
    Files.createSymbolicLink(cache(), elsewhere);
    expectLoaded(load());
    assertEquals(List.of(), in(elsewhere));
    assertTrue(Files.isSymbolicLink(cache()));
    expectLoaded(load("-Duser.home=?"));
    expectNothingLeft();
  }

  @Test
  void eachPlaceIsNamedWithItsReason() throws Exception {
    Path home = Files.createFile(dir.resolve("home"));
    Ended ended = load("-Duser.home=" + home, "-Djava.io.tmpdir=/nowhere");
    expectOnce(ended, NativeLibrary.PROPERTY, UnpackDirectory.PROPERTY, "java.library.path", "could not be loaded");
    expectOnce(ended, "in " + home + "/.cache/libbcda: ", "in /nowhere: java.nio.file.NoSuchFileException: bcda-");
    String property = "-D" + UnpackDirectory.PROPERTY + "=";
    expectOnce(load(property + home + "/native"), "in " + home + "/native: java.nio.file.");
    Path open = Files.createDirectory(dir.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    expectOnce(load(property + open), "in " + open + ": it belongs to another user, or others can write to it");
    expectOnce(load(property + open + "/native"), "others can replace what is in " + open);
  }

  /** In a file system of its own, which only this JVM sees. Not every machine lets a user mount one. */
  private Ended mounted(String option, Path on, String... options) throws Exception {
    String mount = "mount -t tmpfs -o mode=0700," + option + " tmpfs '" + on + "' && exec \"$@\"";
    List<String> shell = List.of("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh");
    Ended tried = run(Stream.concat(shell.stream(), Stream.of("stat", "-c", "%u", "/")).toList());
    assumeTrue(tried.code() == 0 && tried.out().equals("0\n"), "mounting as root of a namespace");
    return run(Stream.concat(shell.stream(), command(loading(options)).stream()).toList());
  }

  @Test
  void aDirectoryThatForbidsExecutionOrWriting() throws Exception {
    Path mount = Files.createDirectories(cache());
    expectLoaded(mounted("noexec", mount));
    expectLoaded(mounted("ro", mount));
    expectNothingLeft();
    String property = "-D" + UnpackDirectory.PROPERTY + "=" + mount;
    expectOnce(mounted("noexec", mount, property), "in " + mount + ": ", "forbids execution", UnpackDirectory.PROPERTY);
    expectOnce(mounted("ro", mount, property), "in " + mount + ": ", "Read-only file system", UnpackDirectory.PROPERTY);
  }

  // ---- Who loads it ----

  @Test
  void severalClassLoadersOfAJvm() throws Exception {
    List<String> versions = List.of(VERSION, VERSION, VERSION);
    for (String option : List.of("-Dnone", "-D" + NativeLibrary.PROPERTY + "=" + LIBRARY, "-Duser.home=?")) {
      Ended ended = java(option, "-cp", with(TESTS), MAIN, JAR.toString(), JAR.toString());
      assertEquals(versions, ended.out().lines().toList(), ended.error());
      expectNothingLeft();
    }
    assertEquals(1, in(cache()).size());
  }

  private static final String MODULES_MAIN =
      """
      package app;
      class Main {
        public static void main(String[] arguments) { System.out.println(io.github.libbcda.Bcda.version()); }
      }
      """;

  @Test
  void aModule() throws Exception {
    Path sources = Files.createDirectories(dir.resolve("sources/app"));
    Path info = Files.writeString(sources.resolve("module-info.java"), "module app { requires io.github.libbcda; }");
    Path main = Files.writeString(sources.resolve("Main.java"), MODULES_MAIN);
    Path classes = dir.resolve("classes");
    ToolProvider javac = ToolProvider.findFirst("javac").orElseThrow();
    String[] arguments = {"-p", JAR.toString(), "-d", classes.toString(), info.toString(), main.toString()};
    assertEquals(0, javac.run(System.out, System.err, arguments));
    String access = "--enable-native-access=io.github.libbcda";
    Ended ended = java(access, "-p", with(classes.toString()), "-m", "app/app.Main");
    expectLoaded(ended);
    assertEquals("", ended.error());
    assertEquals(1, in(cache()).size());
  }

  @Test
  void aNestedJarOfSpringBoot() throws Exception {
    Path loader = Path.of(Class.forName("org.springframework.boot.loader.launch.JarLauncher")
        .getProtectionDomain().getCodeSource().getLocation().toURI());
    Path app = dir.resolve("app.jar");
    try (JarOutputStream to = new JarOutputStream(Files.newOutputStream(app), manifest());
        JarFile from = new JarFile(loader.toFile())) {
      for (JarEntry entry : from.stream().filter(entry -> entry.getName().endsWith(".class")).toList()) {
        put(to, entry.getName(), from.getInputStream(entry));
      }
      String file = MAIN.replace('.', '/') + ".class";
      to.putNextEntry(new ZipEntry("BOOT-INF/classes/"));
      put(to, "BOOT-INF/classes/" + file, Files.newInputStream(Path.of(TESTS, file)));
      ZipEntry nested = new ZipEntry("BOOT-INF/lib/bcda.jar");
      nested.setMethod(ZipEntry.STORED); // as Spring Boot does
      nested.setSize(Files.size(JAR));
      nested.setCrc(crc(JAR));
      to.putNextEntry(nested);
      Files.copy(JAR, to);
    }
    expectLoaded(java("-jar", app.toString()));
  }

  private static Manifest manifest() {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "org.springframework.boot.loader.launch.JarLauncher");
    manifest.getMainAttributes().putValue("Start-Class", MAIN);
    return manifest;
  }

  private static void put(JarOutputStream to, String name, InputStream content) throws Exception {
    to.putNextEntry(new ZipEntry(name));
    try (content) {
      content.transferTo(to);
    }
  }

  private static long crc(Path file) throws Exception {
    CRC32 crc = new CRC32();
    crc.update(Files.readAllBytes(file));
    return crc.getValue();
  }

  @Test
  void relocatedClassesSayWhatToDo() throws Exception {
    Path shaded = dir.resolve("shaded.jar");
    try (JarOutputStream to = new JarOutputStream(Files.newOutputStream(shaded));
        JarFile from = new JarFile(JAR.toFile())) {
      for (JarEntry entry : from.stream().filter(entry -> entry.getName().endsWith(".class")).toList()) {
        putMoved(to, entry.getName(), from.getInputStream(entry));
      }
      String file = MAIN.replace('.', '/') + ".class";
      putMoved(to, file, Files.newInputStream(Path.of(TESTS, file)));
    }
    Ended ended = java("-cp", shaded.toString(), Relocation.moved(MAIN));
    expectOnce(ended, "relocated to the package shaded.io.github.libbcda", "Exclude io.github.libbcda from relocation");
  }

  private static void putMoved(JarOutputStream to, String name, InputStream content) throws Exception {
    try (content) {
      put(to, Relocation.moved(name), new ByteArrayInputStream(Relocation.moved(content)));
    }
  }
}
