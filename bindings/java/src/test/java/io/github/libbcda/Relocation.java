package io.github.libbcda;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** Moves a class to another package, as maven-shade-plugin does: also in its texts. */
final class Relocation {
  private static final int UTF8 = 1;
  private static final int LONG = 5;
  private static final int DOUBLE = 6;
  private static final int HANDLE = 15;

  private Relocation() {}

  static String moved(String text) {
    String prefix = text.matches("io[./]github[./]libbcda.*") ? "shaded" + text.charAt(2) : "";
    return prefix + text.replace("Lio/github/libbcda/", "Lshaded/io/github/libbcda/");
  }

  /** Only the constants of a class have names. */
  static byte[] moved(InputStream from) throws IOException {
    DataInputStream in = new DataInputStream(from);
    ByteArrayOutputStream made = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(made);
    out.writeLong(in.readLong());
    int count = in.readUnsignedShort();
    out.writeShort(count);
    for (int i = 1; i < count; i++) {
      int tag = in.readUnsignedByte();
      out.write(tag);
      if (tag == UTF8) {
        out.writeUTF(moved(in.readUTF()));
      } else {
        out.write(in.readNBytes(size(tag)));
      }
      i += tag == LONG || tag == DOUBLE ? 1 : 0; // each takes two places
    }
    in.transferTo(out);
    return made.toByteArray();
  }

  private static int size(int tag) {
    return switch (tag) {
      case 3, 4, 9, 10, 11, 12, 17, 18 -> 4;
      case LONG, DOUBLE -> 8;
      case HANDLE -> 3;
      default -> 2;
    };
  }
}
