package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/** Converts strings for the native library. */
final class Utf8 {
  private Utf8() {}

  /**
   * Refuses a string that has no UTF-8, because Java would convert it to a question mark. The message does not show the
   * string, because it may be a secret.
   */
  static byte[] encode(String text) {
    if (text.codePoints().anyMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE)) {
      throw new IllegalArgumentException("a text has no UTF-8: half of a surrogate pair is in it");
    }
    return text.getBytes(UTF_8);
  }

  /** Decodes bytes that must be valid UTF-8. */
  static String decodeStrictly(byte[] bytes) throws CharacterCodingException {
    String text = decode(bytes); // several times as fast as a CharsetDecoder
    return text.indexOf('\uFFFD') < 0 ? text : UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** Decodes bytes; invalid UTF-8 becomes U+FFFD. */
  static String decode(byte[] bytes) {
    return new String(bytes, UTF_8);
  }
}
