package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.Platform.Libc;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  @TempDir Path dir;

  /** The files are those of Debian 12, CentOS 7, a process whose glibc was upgraded, Alpine, Void and Debian's musl. */
  @ParameterizedTest
  @CsvSource({
    "GLIBC, /usr/lib/x86_64-linux-gnu/libc.so.6",
    "GLIBC, /usr/lib64/libc-2.17.so",
    "GLIBC, /usr/lib/aarch64-linux-gnu/libc.so.6 (deleted)",
    "MUSL, /lib/ld-musl-x86_64.so.1",
    "MUSL, /lib/libc.musl-aarch64.so.1",
    "MUSL, /usr/lib/libc.so",
    "ANDROID, /apex/com.android.runtime/bin/linker64",
    "UNKNOWN, /opt/libc.so.6/other",
    "UNKNOWN, [heap]"
  })
  void theCLibraryIsTheOneThatIsMapped(Libc libc, String file) throws Exception {
    String maps = "7f00-7f10 r-xp 00000000 08:01 123   %s\n7f20-7f30 rw-p 00000000 00:00 0\n".formatted(file);
    assertEquals(libc, Platform.mapped(Files.writeString(dir.resolve("maps"), maps)));
  }

  @Test
  void aProcessOfGlibcMayMapALibraryThatLooksLikeMusls() throws Exception {
    String maps = "1-2 r-xp 0 08:01 1 /usr/lib/x86_64-linux-musl/libc.so\n1-2 r-xp 0 08:01 1 /lib/libc.so.6\n";
    assertEquals(Libc.GLIBC, Platform.mapped(Files.writeString(dir.resolve("maps"), maps)));
  }

  @Test
  void aProcessOfAndroidMapsALibraryThatLooksLikeMusls() throws Exception {
    String maps = "1-2 r-xp 0 08:01 1 /system/lib64/libc.so\n1-2 r-xp 0 08:01 1 /system/bin/linker64\n";
    assertEquals(Libc.ANDROID, Platform.mapped(Files.writeString(dir.resolve("maps"), maps)));
  }

  @Test
  void withoutProcTheOnlyCLibraryOfTheSystemIsTaken() throws Exception {
    assertEquals(Libc.UNKNOWN, Platform.mapped(dir.resolve("maps")));
    assertEquals(Libc.UNKNOWN, Platform.installed(dir, "x86_64"));
    Files.createDirectory(dir.resolve("lib"));
    Files.createFile(dir.resolve("lib/ld-musl-x86_64.so.1"));
    assertEquals(Libc.MUSL, Platform.installed(dir, "x86_64"));
    assertEquals(Libc.UNKNOWN, Platform.installed(dir, "aarch64"), "musl for another machine");
    Files.createDirectory(dir.resolve("lib64"));
    Files.createFile(dir.resolve("lib64/ld-linux-x86-64.so.2"));
    assertEquals(Libc.UNKNOWN, Platform.installed(dir, "x86_64"), "which of them?");
    Files.delete(dir.resolve("lib/ld-musl-x86_64.so.1"));
    assertEquals(Libc.GLIBC, Platform.installed(dir, "x86_64"));
  }

  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, GLIBC, linux-x86_64, Linux on x86_64 with glibc",
    "Linux, arm64, GLIBC, linux-aarch64, Linux on aarch64 with glibc",
    "Linux, x86_64, MUSL, linux-x86_64-musl, Linux on x86_64 with musl",
    "Linux, aarch64, MUSL, linux-aarch64-musl, Linux on aarch64 with musl"
  })
  void itHasAName(String system, String architecture, Libc libc, String name, String shown) {
    Platform platform = new Platform(system, Platform.machine(architecture), libc);
    assertEquals(name, platform.name());
    assertEquals(shown, platform.toString());
    assertTrue(Platform.NAMES.contains(name));
  }

  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, UNKNOWN, Linux on x86_64 with an unknown C library",
    "Linux, aarch64, ANDROID, Linux on aarch64 with Android's C library",
    "Linux, riscv64, GLIBC, Linux on riscv64 with glibc",
    "Linux, i386, GLIBC, Linux on i386 with glibc",
    "Linux, arm, MUSL, Linux on arm with musl",
    "Mac OS X, aarch64, UNKNOWN, Mac OS X on aarch64",
    "Windows 11, amd64, UNKNOWN, Windows 11 on x86_64"
  })
  void anotherOneIsNotServed(String system, String architecture, Libc libc, String shown) {
    Platform platform = new Platform(system, Platform.machine(architecture), libc);
    assertFalse(Platform.NAMES.contains(platform.name()), platform::name);
    assertEquals(shown, platform.toString());
  }

  @Test
  void thisJvmHasOne() {
    assertTrue(Platform.NAMES.contains(Platform.current().name()), Platform.current()::toString);
  }
}
