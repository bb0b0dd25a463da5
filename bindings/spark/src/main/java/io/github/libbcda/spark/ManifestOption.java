package io.github.libbcda.spark;

import io.github.libbcda.Manifest;
import io.github.libbcda.Partitions;
import io.github.libbcda.Status;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The option {@code manifest}: the JSON text of a manifest, or the path of a file that has it.
 *
 * @param text null: it is in a file
 * @param file null: it is the option itself
 */
record ManifestOption(String text, Path file) {
  static ManifestOption of(String given) {
    boolean isText = given.stripLeading().startsWith("{") || given.stripLeading().startsWith("[");
    return isText ? new ManifestOption(given, null) : new ManifestOption(null, PathOption.of("manifest", given));
  }

  /** Fails if there is no such file on the driver. */
  void expectExisting() {
    if (file != null) {
      PathOption.expectExisting(file);
    }
  }

  Manifest read() {
    try {
      return new Manifest(file == null ? text : Files.readString(file));
    } catch (CharacterCodingException malformed) {
      throw Failures.invalid("the manifest " + file + " is no text in UTF-8");
    } catch (IOException error) {
      throw new BcdaSparkException(Status.FILESYSTEM, "the manifest " + file + " cannot be read: " + error);
    }
  }

  /** Returns {@code cut} unless Spark would show URLs with which anyone can download files. */
  Partitions shown(Partitions cut) {
    if (text != null && cut.signed()) {
      throw Failures.invalid(
          "the manifest has signed URLs, and Spark shows options: give the option manifest the path of a file that has"
              + " it");
    }
    return cut;
  }

  @Override
  public String toString() {
    return "ManifestOption";
  }
}
