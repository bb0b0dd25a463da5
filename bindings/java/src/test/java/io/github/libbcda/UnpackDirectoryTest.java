package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnpackDirectoryTest {
  private static final UnpackDirectory.Library LIBRARY = library("the library");

  @TempDir Path dir;

  private static UnpackDirectory.Library library(String content) {
    return () -> new ByteArrayInputStream(content.getBytes(UTF_8));
  }

  private Path open(String name) throws IOException {
    return new UnpackDirectory(dir.resolve(name), true).open();
  }

  private static Path permit(Path path, String mode) throws IOException {
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  private static void expectMode(String mode, Path path) throws IOException {
    assertEquals(mode, PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
  }

  private void expectRefused(String name, String reason) {
    String message = assertThrows(IOException.class, () -> open(name)).getMessage();
    assertTrue(message.contains(reason), message);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.toList();
    }
  }

  // ---- The directory ----

  @Test
  void itIsCreatedForItsOwnerAlone() throws Exception {
    assertEquals(dir.toRealPath().resolve("a/b"), open("a/b"));
    expectMode("rwx------", dir.resolve("a/b"));
    expectMode("rwx------", dir.resolve("a"));
    permit(dir.resolve("a/b"), "rwxr-xr-x");
    open("a/b");
  }

  @Test
  void aNameThatIsNoPathNamesNoDirectory() {
    assertEquals(Optional.empty(), UnpackDirectory.absolute("/home/jos\0"));
    assertEquals(Optional.empty(), UnpackDirectory.absolute(".cache"));
    assertEquals(Optional.of(Path.of("/home/jose")), UnpackDirectory.absolute("/home/jose"));
  }

  @Test
  void aSymbolicLinkIsRefused() throws Exception {
    Files.createDirectory(dir.resolve("elsewhere"));
    Files.createSymbolicLink(dir.resolve("link"), dir.resolve("elsewhere"));
    Files.createSymbolicLink(dir.resolve("dangling"), dir.resolve("nowhere"));
    expectRefused("link", "is a symbolic link");
    expectRefused("dangling", "is a symbolic link");
    assertEquals(dir.toRealPath().resolve("elsewhere/b"), open("link/b"), "above it, the real directory counts");
  }

  @Test
  void oneThatOthersCanWriteToIsRefused() throws Exception {
    permit(Files.createDirectory(dir.resolve("group")), "rwxrwx---");
    permit(Files.createDirectory(dir.resolve("others")), "rwx----w-");
    expectRefused("group", "others can write to it");
    expectRefused("others", "others can write to it");
  }

  @Test
  void oneThatOthersCanReplaceIsRefused() throws Exception {
    permit(Files.createDirectory(dir.resolve("open")), "rwxrwxrwx");
    expectRefused("open/b", "others can replace what is in " + dir.toRealPath().resolve("open"));
    Files.setAttribute(dir.resolve("open"), "unix:mode", 01777); // as /tmp
    open("open/b");
  }

  @Test
  void oneOfAnotherUserIsRefused() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root can give a directory away");
    Files.setAttribute(Files.createDirectory(dir.resolve("other")), "unix:uid", 12345);
    expectRefused("other", "belongs to another user");
    Files.createDirectory(dir.resolve("other/b"));
    expectRefused("other/b", "others can replace what is in " + dir.toRealPath().resolve("other"));
  }

  // ---- The file ----

  @Test
  void itIsUnpackedOnce() throws Exception {
    Path file = UnpackDirectory.unpacked(dir, LIBRARY);
    assertEquals("the library", Files.readString(file));
    expectMode("rw-------", file);
    Object number = Files.getAttribute(file, "unix:ino");
    assertEquals(file, UnpackDirectory.unpacked(dir, LIBRARY));
    assertEquals(number, Files.getAttribute(file, "unix:ino"));
    assertEquals(List.of(file), files());
  }

  @Test
  void twoBuildsDoNotMix() throws Exception {
    Path file = UnpackDirectory.unpacked(dir, LIBRARY);
    Path other = UnpackDirectory.unpacked(dir, library("another one"));
    assertNotEquals(file, other);
    assertEquals("the library", Files.readString(file));
    assertEquals("another one", Files.readString(other));
  }

  private interface Damage {
    void to(Path file) throws Exception;
  }

  @Test
  void whatIsNotTheJarsIsReplaced() throws Exception {
    Path elsewhere = Files.writeString(dir.resolve("elsewhere"), "the library");
    List<Damage> damages =
        List.of(
            file -> Files.writeString(file, "the lib"),
            file -> Files.writeString(file, "the l1brary"),
            file -> permit(file, "rw-rw----"),
            file -> {
              Files.delete(file);
              Files.createSymbolicLink(file, elsewhere);
            });
    for (Damage damage : damages) {
      Path file = UnpackDirectory.unpacked(dir, LIBRARY);
      damage.to(file);
      assertEquals(file, UnpackDirectory.unpacked(dir, LIBRARY));
      assertEquals("the library", Files.readString(file));
      assertTrue(Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS));
      expectMode("rw-------", file);
    }
    assertEquals(2, files().size());
  }

  @Test
  void aFailureLeavesNothing() throws Exception {
    int[] opened = {0};
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("the jar is gone");
          }
        };
    UnpackDirectory.Library torn =
        () -> opened[0]++ == 0 ? LIBRARY.open() : new SequenceInputStream(library("the lib").open(), broken);
    assertThrows(IOException.class, () -> UnpackDirectory.unpacked(dir, torn));
    assertEquals(List.of(), files());
  }

  @Test
  void aJarThatChangesIsNotTrusted() {
    int[] opened = {0};
    UnpackDirectory.Library changed = () -> (opened[0]++ == 0 ? LIBRARY : library("another one")).open();
    assertThrows(IOException.class, () -> UnpackDirectory.unpacked(dir, changed));
  }

  @Test
  void severalMayUnpackAtOnce() throws Exception {
    UnpackDirectory.Library large = library("0123456789".repeat(100_000));
    List<Thread> threads =
        IntStream.range(0, 8)
            .mapToObj(i -> new Thread(() -> assertEquals(1_000_000, size(large))))
            .toList();
    int[] failed = {0};
    threads.forEach(thread -> thread.setUncaughtExceptionHandler((which, error) -> failed[0]++));
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(0, failed[0]);
    assertEquals(1, files().size());
  }

  private long size(UnpackDirectory.Library library) {
    try {
      return Files.size(UnpackDirectory.unpacked(dir, library));
    } catch (IOException error) {
      throw new AssertionError(error);
    }
  }
}
