package io.github.libbcda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The conformance vectors of tests/vectors/vectors.json, whose objects are flat: no parser is needed. */
final class Vectors {
  private static final Path DIRECTORY = Trials.REPOSITORY.resolve("tests/vectors");
  private static final Pattern MEMBER = Pattern.compile("\"(\\w+)\":\\s*(?:\"([^\"]*)\"|(\\d+))");

  static final String TEXT = read(DIRECTORY.resolve("vectors.json"));
  static final String PASSPHRASE = members(TEXT.substring(0, TEXT.indexOf("\"vectors\""))).get("passphrase");

  /** One of them. */
  record Vector(Map<String, String> members) {
    String name() {
      return members.get("name");
    }

    String filename() {
      return members.get("filename");
    }

    String encryptedKey() {
      return members.get("encryptedKey");
    }

    String sha256() {
      return members.get("plaintextSha256");
    }

    Path ciphertext() {
      return DIRECTORY.resolve(members.get("ciphertextFile"));
    }

    Path plaintext() {
      return DIRECTORY.resolve(members.get("plaintextFile"));
    }

    /** The private key in one of its forms, such as {@code .pkcs8.pem}. */
    Path key(String ending) {
      return DIRECTORY.resolve(members.get("keyFile").replace(".pkcs1.pem", ending));
    }

    @Override
    public String toString() {
      return name();
    }
  }

  private Vectors() {}

  static List<Vector> all() {
    String list = TEXT.substring(TEXT.indexOf('[') + 1);
    return Pattern.compile("\\{[^}]*\\}").matcher(list).results().map(found -> new Vector(members(found.group()))).toList();
  }

  static Vector named(String name) {
    return all().stream().filter(vector -> vector.name().equals(name)).findFirst().orElseThrow();
  }

  /** With the key that most of them are for. */
  static BcdaDecryptor decryptor() {
    return BcdaDecryptor.builder()
        .privateKey(DIRECTORY.resolve("keys/rsa2048.pkcs1.pem"))
        .durability(ExportSettings.Durability.PROCESS)
        .build();
  }

  private static Map<String, String> members(String object) {
    Map<String, String> members = new HashMap<>();
    Matcher found = MEMBER.matcher(object);
    while (found.find()) {
      members.put(found.group(1), found.group(2) != null ? found.group(2) : found.group(3));
    }
    return members;
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
