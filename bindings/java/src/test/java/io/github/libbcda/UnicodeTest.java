package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What JNI's own strings would corrupt: characters outside the BMP, and NUL. */
class UnicodeTest {
  private static final String FAMILY = "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67";

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(strings = {"ascii", "na\u00EFve", "\u8ACB\u6C42", "\uD83D\uDE80", FAMILY, "\uD834\uDD1E clef"})
  void textsComeBackAsTheyWent(String text) {
    assertEquals(text, BcdaClient.builder().userAgent(text).get("user_agent"));
    assertEquals("/" + text, BcdaClient.builder().privateKey(Path.of("/" + text)).get("private_key"));
    assertTrue(
        assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().set(text, "x").build())
            .getMessage()
            .contains(text));
  }

  @Test
  void anExportIntoADirectoryOfEmoji() throws Exception {
    Path out = dir.resolve(FAMILY);
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(out).build());
      ExportedFile file = result.files().get(0);
      assertEquals(out, file.path().getParent());
      assertTrue(Files.exists(file.path()));
      try (Stream<String> records = result.records("Patient")) {
        assertEquals(10, records.count());
      }
    }
  }

  @Test
  void aDecryptionFromEmojiToEmoji() throws Exception {
    Vectors.Vector vector = Vectors.named("patient-1kb-rsa2048");
    Path encrypted = Files.copy(vector.ciphertext(), dir.resolve(FAMILY + ".ndjson"));
    Path output = dir.resolve("\uD83D\uDE80.ndjson");
    DecryptRequest request =
        DecryptRequest.builder(encrypted, output).label(vector.filename()).key(vector.encryptedKey()).build();
    assertEquals(output, Vectors.decryptor().decrypt(request).path());
    assertArrayEquals(Files.readAllBytes(vector.plaintext()), Files.readAllBytes(output));
    Path missing = dir.resolve("\uD83D\uDC7B");
    BcdaException.Filesystem error =
        assertThrows(BcdaException.Filesystem.class, () -> RecordReader.open(missing));
    assertEquals(missing.toString(), error.file().orElseThrow());
  }

  /** Its text is that of another path. */
  @Test
  void aPathThatIsNotUtf8IsRefused() throws Exception {
    List<String> make = List.of("sh", "-c", "mkdir \"$(printf 'd\\377')\"");
    assertEquals(0, new ProcessBuilder(make).directory(dir.toFile()).start().waitFor());
    Path path;
    try (Stream<Path> paths = Files.list(dir)) {
      path = paths.findFirst().orElseThrow();
    }
    DecryptRequest.Builder from = DecryptRequest.builder(path.resolve("a"), dir.resolve("b")).key("00");
    DecryptRequest.Builder to = DecryptRequest.builder(dir.resolve("a"), path.resolve("b")).key("00");
    List<Executable> uses =
        List.of(
            () -> ExportRequest.builder().out(path),
            () -> BcdaClient.builder().configFile(path),
            () -> ExportResult.open(path),
            () -> RecordReader.open(path),
            () -> Vectors.decryptor().decrypt(from.build()),
            () -> Vectors.decryptor().decrypt(to.build()));
    for (Executable use : uses) {
      String message = assertThrows(BcdaException.InvalidArgument.class, use).getMessage();
      assertTrue(message.contains("not UTF-8"), message);
    }
  }

  @Test
  void recordsOutsideTheBmp() throws Exception {
    String record = "{\"name\":\"" + FAMILY + "\"}";
    Path file = Files.writeString(dir.resolve("a.ndjson"), record + "\n");
    try (RecordReader reader = RecordReader.open(file)) {
      assertArrayEquals(record.getBytes(StandardCharsets.UTF_8), reader.next());
    }
  }

  @Test
  void halfOfASurrogatePairIsRefusedAndNotTold() {
    for (String text : List.of("hunter\uD83D", "\uDE80hunter", "hunter\uDE80\uD83Dhunter")) {
      List<Executable> uses =
          List.of(
              () -> BcdaClient.builder().userAgent(text).get("user_agent"),
              () -> BcdaClient.builder().clientSecret(text).build(),
              () -> BcdaClient.builder().supply("client_secret", () -> text).build());
      for (Executable use : uses) {
        String message = assertThrows(IllegalArgumentException.class, use).getMessage();
        assertTrue(message.contains("surrogate") && !message.contains("hunter"), message);
      }
    }
  }

  @Test
  void aNulIsRefusedAndDoesNotEndAText() {
    BcdaException.InvalidArgument error =
        assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().userAgent("a\0b").build());
    assertTrue(error.getMessage().contains("NUL"));
  }
}
