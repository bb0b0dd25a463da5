package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/** Texts on their way to and from the native library. */
final class Utf8 {
  private Utf8() {}

  /** Refuses what has no UTF-8, without saying it: it may be a secret. Java would make a question mark of it. */
  static byte[] encode(String text) {
    if (text.codePoints().anyMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE)) {
      throw new IllegalArgumentException("a text has no UTF-8: half of a surrogate pair is in it");
    }
    return text.getBytes(UTF_8);
  }

  /** Of what has to be UTF-8. */
  static String decodeStrictly(byte[] bytes) throws CharacterCodingException {
    String text = decode(bytes); // several times as fast as a decoder
    return text.indexOf('\uFFFD') < 0 ? text : UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** With U+FFFD for what is not UTF-8. */
  static String decode(byte[] bytes) {
    return new String(bytes, UTF_8);
  }
}
