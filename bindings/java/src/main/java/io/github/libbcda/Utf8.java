package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Texts on their way to and from the native library. */
final class Utf8 {
  private Utf8() {}

  static byte[] encode(String text) {
    return text.getBytes(UTF_8);
  }

  /** With U+FFFD for what is not UTF-8. */
  static String decode(byte[] bytes) {
    return new String(bytes, UTF_8);
  }
}
