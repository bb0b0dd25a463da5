package io.github.libbcda;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds and loads the native library. The system property comes first, then the library path, then the library in the
 * jar, which is unpacked into an {@link UnpackDirectory}.
 */
final class NativeLibrary {
  static final String PROPERTY = "io.github.libbcda.library";
  private static final String NAME = "bcda_java";

  private NativeLibrary() {}

  static void load() {
    expectNotRelocated(NativeLibrary.class.getPackageName());
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

  /**
   * The names of JNI's functions hold the package, so they fit no other one. The package is in here in that form,
   * because relocation replaces it in texts too.
   */
  static void expectNotRelocated(String actual) {
    if (!("Java_" + actual.replace('.', '_')).equals("Java_io_github_libbcda")) {
      throw new UnsatisfiedLinkError(
          "libbcda's classes were relocated to the package "
              + actual
              + ", in which the JVM does not find their native functions. Exclude io.github.libbcda from relocation,"
              + " for example by <excludes><exclude>io.github.libbcda.**</exclude></excludes> in the <relocation> of"
              + " maven-shade-plugin.");
    }
  }

  private static void loadGiven(String file) {
    try {
      loadOrUnpack(Path.of(file).toAbsolutePath());
    } catch (UnsatisfiedLinkError error) {
      throw new UnsatisfiedLinkError(
          "libbcda's native library, which -D" + PROPERTY + " names, could not be loaded: " + reason(error));
    }
  }

  /** The JVM loads a file for one class loader alone. Others, as an engine has them for each session, load a copy. */
  private static void loadOrUnpack(Path file) {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError error) {
      if (!UnpackDirectory.isLoadedElsewhere(error)) {
        throw error;
      }
      unpackAndLoad(() -> Files.newInputStream(file));
    }
  }

  private static void loadFromJar(UnsatisfiedLinkError notOnPath) {
    Platform platform = Platform.current();
    if (!isInJar(platform.name())) {
      throw failure(
          notOnPath,
          "this JVM is of %s, and this jar serves %s. Use a JVM there, or set the property to a library of your own"
              .formatted(platform, inJar()));
    }
    try {
      unpackAndLoad(new InJar(platform.name()));
    } catch (UnsatisfiedLinkError error) {
      throw failure(
          notOnPath, "the one in the jar (" + platform.name() + ") could not be loaded " + error.getMessage());
    }
  }

  /** The library of a platform. Only streams are used, because not every class loader has URLs of its resources. */
  private record InJar(String platform) implements UnpackDirectory.Library {
    private InputStream resource(String suffix) {
      return NativeLibrary.class.getResourceAsStream("native/" + platform + "/libbcda_java.so" + suffix);
    }

    @Override
    public InputStream open() {
      return resource("");
    }

    /** It is in the jar beside the library, because to compute it would take longer than the rest. */
    @Override
    public String digest() throws IOException {
      try (InputStream digest = resource(".sha256")) {
        if (digest == null) { // whoever packed the jar again left it out
          return UnpackDirectory.Library.super.digest();
        }
        return new String(digest.readAllBytes(), US_ASCII).strip();
      }
    }
  }

  private static boolean isInJar(String platform) {
    try (InputStream library = new InJar(platform).open()) {
      return library != null;
    } catch (IOException error) {
      return true; // the error is told when it is loaded
    }
  }

  private static String inJar() {
    List<String> held = Platform.NAMES.stream().filter(NativeLibrary::isInJar).toList();
    return held.isEmpty() ? "no system" : String.join(", ", held);
  }

  /** Loads the library from the first directory that can be used. */
  private static void unpackAndLoad(UnpackDirectory.Library library) {
    List<String> failures = new ArrayList<>();
    for (UnpackDirectory directory : UnpackDirectory.candidates()) {
      try {
        directory.load(library);
        return;
      } catch (IOException | UnsatisfiedLinkError error) {
        failures.add("in " + directory.path() + ": " + reason(error).replace(directory.path() + "/", ""));
      }
    }
    throw new UnsatisfiedLinkError(
        "%s. Set -D%s to a directory of this user in which files can be written and executed"
            .formatted(String.join("; ", failures), UnpackDirectory.PROPERTY));
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
   * The message of an error. The JVM's messages name the file twice. The message of a FileSystemException may be only
   * the file.
   */
  private static String reason(Throwable error) {
    if (error instanceof FileSystemException) {
      return error.toString();
    }
    String message = String.valueOf(error.getMessage()).replaceFirst("^(.+?): \\1: ", "$1: ");
    return message.matches(".*(failed to map segment|Operation not permitted).*")
        ? message + " (the directory forbids execution, as a mount with the option noexec does)"
        : message;
  }
}
