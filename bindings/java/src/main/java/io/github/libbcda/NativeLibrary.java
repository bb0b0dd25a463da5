package io.github.libbcda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Finds and loads the native library. The system property comes first, then the library path, then the library in the
 * jar. The last one is unpacked into a private temporary directory, which is removed as soon as the library is loaded.
 */
final class NativeLibrary {
  static final String PROPERTY = "io.github.libbcda.library";
  private static final String NAME = "bcda_java";

  private NativeLibrary() {}

  static void load() {
    String from = loadFirst();
    String version = Native.version();
    if (!version.equals(NativeVersion.MADE_WITH)) { // otherwise it would fail later, in a function that has changed
      throw new UnsatisfiedLinkError(
          "libbcda's native library is version %s, its classes are %s; the library was found by %s"
              .formatted(version, NativeVersion.MADE_WITH, from));
    }
  }

  /** Loads the first library that is found. Returns where it was found. */
  private static String loadFirst() {
    String given = System.getProperty(PROPERTY);
    if (given != null) {
      loadGiven(given);
      return "-D" + PROPERTY + "=" + given;
    }
    try {
      System.loadLibrary(NAME);
      return "java.library.path=" + System.getProperty("java.library.path");
    } catch (UnsatisfiedLinkError notOnPath) {
      loadFromJar(notOnPath);
      return "its name in the jar";
    }
  }

  private static void loadGiven(String file) {
    try {
      loadOrCopy(Path.of(file).toAbsolutePath());
    } catch (IOException | UnsatisfiedLinkError error) {
      throw new UnsatisfiedLinkError(
          "libbcda's native library, which -D" + PROPERTY + " names, could not be loaded: " + reason(error));
    }
  }

  /** The JVM loads a file for one class loader alone. Others, as an engine has them for each session, load a copy. */
  private static void loadOrCopy(Path file) throws IOException {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError error) {
      if (!String.valueOf(error.getMessage()).contains("already loaded in another classloader")) {
        throw error;
      }
      try (InputStream library = Files.newInputStream(file)) {
        unpackAndLoad(library);
      }
    }
  }

  private static void loadFromJar(UnsatisfiedLinkError notOnPath) {
    String resource = "native/" + platform() + "/" + System.mapLibraryName(NAME);
    if (NativeLibrary.class.getResource(resource) == null) {
      throw failure(notOnPath, "this jar holds none for " + platform() + ". Set the property, or use a jar made for it.");
    }
    try (InputStream library = NativeLibrary.class.getResourceAsStream(resource)) {
      unpackAndLoad(library);
    } catch (IOException | UnsatisfiedLinkError error) {
      throw failure(
          notOnPath,
          "the one in the jar could not be loaded: "
              + reason(error)
              + ". Where the temporary directory cannot be used, or forbids execution, set -Djava.io.tmpdir or the property.");
    }
  }

  private static void unpackAndLoad(InputStream library) throws IOException {
    Path directory = Files.createTempDirectory("bcda-"); // accessible only to its owner
    Path file = directory.resolve(System.mapLibraryName(NAME));
    try {
      Files.copy(library, file);
      System.load(file.toString());
    } finally { // a loaded library does not need its file name
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  /** The platform, for example {@code linux-x86_64}. */
  static String platform() {
    String machine = System.getProperty("os.arch");
    return System.getProperty("os.name").toLowerCase(Locale.ROOT) + "-" + (machine.equals("amd64") ? "x86_64" : machine);
  }

  /** The final error. It has no causes, because its message contains theirs and a stack trace would repeat them. */
  private static UnsatisfiedLinkError failure(UnsatisfiedLinkError notOnPath, String why) {
    return new UnsatisfiedLinkError(
        "libbcda's native library was not loaded. The property -D%s=FILE is not set; %s; %s"
            .formatted(PROPERTY, onPath(notOnPath), why));
  }

  /**
   * Why the library path did not help. The JVM's own message is not used if no library was found, because it lists the
   * path.
   */
  private static String onPath(UnsatisfiedLinkError error) {
    boolean none = String.valueOf(error.getMessage()).startsWith("no " + NAME + " in java.library.path");
    return none ? "java.library.path has none" : "the one on java.library.path could not be loaded: " + reason(error);
  }

  /**
   * The message of an error. The JVM's messages name the file twice. The message of an IOException may be only the
   * file.
   */
  private static String reason(Throwable error) {
    if (error instanceof IOException) {
      return error.toString();
    }
    return String.valueOf(error.getMessage()).replaceFirst("^(.+?): \\1: ", "$1: ");
  }
}
