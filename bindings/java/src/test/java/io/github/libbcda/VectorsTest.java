package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every conformance vector through BcdaDecryptor, as it is and altered. */
class VectorsTest {
  private static final List<String> FORMS =
      List.of(".pkcs1.pem", ".pkcs8.pem", ".pkcs1.encrypted.pem", ".pkcs8.encrypted.pem");

  @TempDir Path dir;

  static Stream<Vectors.Vector> vectors() {
    return Vectors.all().stream();
  }

  static Stream<Arguments> vectorsAndForms() {
    return vectors().flatMap(vector -> FORMS.stream().map(form -> Arguments.of(vector, form)));
  }

  @Test
  void thereAreAll() {
    assertEquals(16, vectors().map(Vectors.Vector::name).distinct().count());
  }

  @ParameterizedTest
  @MethodSource("vectorsAndForms")
  void everyFormOfThePrivateKey(Vectors.Vector vector, String form) throws Exception {
    BcdaDecryptor decryptor =
        BcdaDecryptor.builder()
            .privateKey(vector.key(form))
            .privateKeyPassphrase(form.contains("encrypted") ? Vectors.PASSPHRASE : null)
            .durability(ExportSettings.Durability.PROCESS)
            .build();
    expectPlaintext(vector, decryptor, request(vector).build());
  }

  @Test
  void theKeyThatAFileOfSettingsNames() throws Exception {
    Vectors.Vector vector = Vectors.named("patient-1kb-rsa2048");
    Path file = Files.writeString(dir.resolve("bcda.json"), "{\"private_key\": \"" + vector.key(".pkcs1.pem") + "\"}");
    expectPlaintext(vector, BcdaDecryptor.builder().environment().configFile(file).build(), request(vector).build());
    Files.writeString(file, "{\"private_keys\": \"\"}");
    assertThrows(BcdaException.InvalidArgument.class, () -> BcdaDecryptor.builder().configFile(file).build());
  }

  @Test
  void theKeyFromAStoreOfOnesOwn() throws Exception {
    Vectors.Vector vector = Vectors.named("patient-1kb-rsa2048");
    String pem = Files.readString(vector.key(".pkcs8.encrypted.pem"));
    BcdaDecryptor decryptor =
        BcdaDecryptor.builder().privateKeyPem(pem).supply("private_key_passphrase", () -> Vectors.PASSPHRASE).build();
    expectPlaintext(vector, decryptor, request(vector).build());
  }

  @Test
  void theWrappedKeyFromAManifest() throws Exception {
    Vectors.Vector vector = Vectors.named("patient-1kb-rsa2048");
    Manifest manifest =
        new Manifest(
            "{\"output\":[{\"type\":\"Patient\",\"url\":\"https://service.example/data/42/%s\",\"encryptedKey\":\"%s\"}]}"
                .formatted(vector.filename(), vector.encryptedKey()));
    DecryptRequest request = DecryptRequest.builder(vector.ciphertext(), output()).manifest(manifest).build();
    expectPlaintext(vector, Vectors.decryptor(), request);
  }

  @Test
  void aFileThatWasRenamed() throws Exception {
    Vectors.Vector vector = Vectors.named("patient-1kb-rsa2048");
    Path renamed = Files.copy(vector.ciphertext(), dir.resolve("renamed"));
    DecryptRequest.Builder request = DecryptRequest.builder(renamed, output()).key(vector.encryptedKey());
    assertThrows(BcdaException.Decryption.class, () -> Vectors.decryptor().decrypt(request.build()));
    assertFalse(Files.exists(output()));
    expectPlaintext(vector, Vectors.decryptor(), request.label(vector.filename()).build());
  }

  @Test
  void progressEndsWithTheWhole() throws Exception {
    Vectors.Vector vector = Vectors.named("ndjson-1mb-rsa2048");
    List<Long> done = new ArrayList<>();
    List<Long> totals = new ArrayList<>();
    DecryptRequest request =
        request(vector)
            .onProgress(
                (bytes, total) -> {
                  done.add(bytes);
                  totals.add(total);
                })
            .build();
    expectPlaintext(vector, Vectors.decryptor(), request);
    assertEquals(done.stream().sorted().distinct().toList(), done, "it only grows");
    assertTrue(totals.stream().allMatch(total -> total >= size(vector.plaintext())));
  }

  private static long size(Path path) {
    return path.toFile().length();
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void anyFlippedBitIsFound(Vectors.Vector vector) throws Exception {
    byte[] cipher = Files.readAllBytes(vector.ciphertext());
    for (int at : new int[] {0, cipher.length / 2, cipher.length - 1}) {
      byte[] altered = cipher.clone();
      altered[at] ^= 1;
      Path file = Files.write(dir.resolve(vector.filename()), altered);
      DecryptRequest request = DecryptRequest.builder(file, output()).key(vector.encryptedKey()).build();
      BcdaDecryptor decryptor = BcdaDecryptor.builder().privateKey(vector.key(".pkcs1.pem")).build();
      assertThrows(BcdaException.Decryption.class, () -> decryptor.decrypt(request), vector::name);
      assertFalse(Files.exists(output()));
    }
  }

  @Test
  void aWrongOrMissingKey() {
    Vectors.Vector vector = Vectors.named("patient-1kb-rsa2048");
    Path other = vector.key("-other.pkcs1.pem");
    assertThrows(
        BcdaException.Decryption.class,
        () -> BcdaDecryptor.builder().privateKey(other).build().decrypt(request(vector).build()));
    assertThrows(
        BcdaException.InvalidArgument.class,
        () -> BcdaDecryptor.builder().build().decrypt(request(vector).build()));
    assertThrows(
        BcdaException.PrivateKey.class,
        () -> BcdaDecryptor.builder().privateKeyPem("nonsense").build().decrypt(request(vector).build()));
    assertFalse(Files.exists(output()));
  }

  private Path output() {
    return dir.resolve("plain.ndjson");
  }

  private DecryptRequest.Builder request(Vectors.Vector vector) {
    return DecryptRequest.builder(vector.ciphertext(), output()).key(vector.encryptedKey());
  }

  private void expectPlaintext(Vectors.Vector vector, BcdaDecryptor decryptor, DecryptRequest request)
      throws Exception {
    ExportedFile file = decryptor.decrypt(request);
    assertArrayEquals(Files.readAllBytes(vector.plaintext()), Files.readAllBytes(output()));
    assertEquals(vector.sha256(), file.sha256());
    assertEquals(Files.size(output()), file.bytes());
    assertEquals(output(), file.path());
    assertTrue(file.decrypted());
    try (Stream<String> lines = Files.lines(output())) {
      assertEquals(lines.filter(line -> !line.isBlank()).count(), file.records());
    }
  }
}
