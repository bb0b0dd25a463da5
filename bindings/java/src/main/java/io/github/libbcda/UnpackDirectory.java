package io.github.libbcda;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A directory into which the native library is unpacked, because a JVM loads it only from a file. A directory that
 * keeps the file serves later JVMs too. It is private, and the file there is compared with the jar's before it is
 * loaded.
 */
record UnpackDirectory(Path path, boolean keeps) {
  static final String PROPERTY = "io.github.libbcda.directory";

  /** A native library. */
  interface Library {
    /** Opens it from its beginning. */
    InputStream open() throws IOException;

    /** Its SHA-256. */
    default String digest() throws IOException {
      return UnpackDirectory.digest(open());
    }
  }

  private static final int STICKY = 01000;
  private static final int OTHERS_WRITE = 0022;

  /** The directory of the property, or else the user's cache and then the directory for temporary files. */
  static List<UnpackDirectory> candidates() {
    String given = System.getProperty(PROPERTY);
    if (given != null) {
      return List.of(new UnpackDirectory(Path.of(given).toAbsolutePath(), true));
    }
    List<UnpackDirectory> all = new ArrayList<>();
    cache().ifPresent(cache -> all.add(new UnpackDirectory(cache.resolve("libbcda"), true)));
    all.add(new UnpackDirectory(Path.of(System.getProperty("java.io.tmpdir")), false));
    return all;
  }

  /** The user's directory of caches, as the XDG Base Directory Specification says. Not every user has a home. */
  private static Optional<Path> cache() {
    String named = System.getenv("XDG_CACHE_HOME");
    return Stream.of(named == null ? "" : named, System.getProperty("user.home") + "/.cache")
        .flatMap(text -> absolute(text).stream())
        .findFirst();
  }

  /** A text that the JVM's locale cannot write as the name of a file names none. */
  static Optional<Path> absolute(String text) {
    try {
      return Optional.of(Path.of(text)).filter(Path::isAbsolute);
    } catch (InvalidPathException unwritable) {
      return Optional.empty();
    }
  }

  void load(Library library) throws IOException {
    if (keeps) {
      loadKept(library);
      return;
    }
    Path directory = Files.createTempDirectory(path, "bcda-"); // accessible only to its owner
    try {
      loadCopy(directory, library);
    } finally {
      Files.delete(directory);
    }
  }

  /** The JVM loads a file for one class loader alone. Others load a copy. */
  private void loadKept(Library library) throws IOException {
    Path directory = open();
    Path file = unpacked(directory, library);
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError error) {
      if (!isLoadedElsewhere(error)) {
        throw error;
      }
      loadCopy(directory, library);
    }
  }

  static boolean isLoadedElsewhere(UnsatisfiedLinkError error) {
    return String.valueOf(error.getMessage()).contains("already loaded in another classloader");
  }

  private static void loadCopy(Path directory, Library library) throws IOException {
    Path copy = copy(directory, library);
    try {
      System.load(copy.toString());
    } finally { // a loaded library does not need its file name
      Files.deleteIfExists(copy);
    }
  }

  /** The file with the library. It is written if it is missing, torn or not ours. */
  static Path unpacked(Path directory, Library library) throws IOException {
    String digest = library.digest();
    Path file = directory.resolve("libbcda_java-" + NativeVersion.MADE_WITH + "-" + digest.substring(0, 16) + ".so");
    if (!holds(file, digest)) {
      Path copy = copy(directory, library);
      try {
        Files.move(copy, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(copy); // it is there only if it could not be moved
      }
      if (!holds(file, digest)) {
        throw new IOException(file.getFileName() + " has another SHA-256 than expected");
      }
    }
    return file;
  }

  private static Path copy(Path directory, Library library) throws IOException {
    Path partial = Files.createTempFile(directory, ".libbcda_java-", ".partial"); // its mode is 0600
    try (InputStream from = library.open();
        OutputStream to = Files.newOutputStream(partial)) {
      from.transferTo(to);
    } catch (IOException error) {
      Files.deleteIfExists(partial);
      throw error;
    }
    return partial;
  }

  /** A symbolic link does not count, because the mode of a link lets everyone write. */
  private static boolean holds(Path file, String digest) throws IOException {
    try {
      return Owned.of(file).isPrivate() && digest(Files.newInputStream(file)).equals(digest);
    } catch (NoSuchFileException none) {
      return false;
    }
  }

  private static String digest(InputStream content) throws IOException {
    try (DigestInputStream measured = new DigestInputStream(content, MessageDigest.getInstance("SHA-256"))) {
      measured.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(measured.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException error) {
      throw new IOException(error);
    }
  }

  /**
   * Creates the directory if it is missing. Returns its real path, on which nobody else can replace the directory or a
   * file in it.
   */
  Path open() throws IOException {
    if (Files.isSymbolicLink(path)) {
      throw new IOException("it is a symbolic link");
    }
    Files.createDirectories(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path real = path.toRealPath();
    if (!Owned.of(real).isPrivate()) {
      throw new IOException("it belongs to another user, or others can write to it");
    }
    for (Path above = real.getParent(); above != null; above = above.getParent()) {
      if (!Owned.of(above).keepsNames()) {
        throw new IOException("others can replace what is in " + above + ", which is above it");
      }
    }
    return real;
  }

  /** Who owns a file, and who else can change it. */
  private record Owned(int user, int mode) {
    static Owned of(Path file) throws IOException {
      Map<String, Object> found = Files.readAttributes(file, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
      return new Owned((Integer) found.get("uid"), (Integer) found.get("mode"));
    }

    /** Whether this user owns the file and nobody else can write to it. */
    boolean isPrivate() throws IOException {
      return user == self() && (mode & OTHERS_WRITE) == 0;
    }

    /** Whether only this user and root can rename what this user has in the directory. */
    boolean keepsNames() throws IOException {
      return (user == self() || user == 0) && ((mode & OTHERS_WRITE) == 0 || (mode & STICKY) != 0);
    }

    /** The user of this process. Java has no other way to ask. */
    private static int self() throws IOException {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }
  }
}
