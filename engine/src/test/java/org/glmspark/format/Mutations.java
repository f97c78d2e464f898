package org.glmspark.format;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/// Damages bytes the way bit rot, truncation and attackers do. Equal seeds give equal damage.
public final class Mutations {
  /// What JSON readers stumble over.
  private static final String[] TOKENS =
      ("0 -1 1 2147483648 9223372036854775807 18446744073709551615 1e9 1e999 0.5 NaN null true"
              + " \"\" [] {} [ { } ] , : \" \n \uFEFF \\u0000 \\ud800 ../ [[[[[[[[")
          .split(" ");

  private final Random random;

  public Mutations(long seed) {
    random = new Random(seed);
  }

  /// A copy of the bytes with one to four changes: a byte or a bit replaced, a part deleted,
  /// doubled or replaced.
  public byte[] damage(byte[] bytes) {
    byte[] damaged = bytes;
    for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
      damaged = change(damaged);
    }
    return damaged;
  }

  private byte[] change(byte[] bytes) {
    int start = random.nextInt(bytes.length + 1);
    int end = Math.min(bytes.length, start + random.nextInt(12));
    return switch (random.nextInt(6)) {
      case 0 -> splice(bytes, start, end, new byte[0]);
      case 1 -> splice(bytes, start, start, Arrays.copyOfRange(bytes, start, end));
      case 2 -> splice(bytes, start, end, token());
      case 3 -> replaceNumber(bytes, start);
      case 4 -> splice(bytes, start, Math.min(start + 1, bytes.length), randomByte());
      default -> flipBit(bytes, start);
    };
  }

  /// Replaces the first number at or after a position, which random damage seldom hits.
  private byte[] replaceNumber(byte[] bytes, int from) {
    int start = from;
    while (start < bytes.length && !isDigit(bytes[start])) {
      start++;
    }
    int end = start;
    while (end < bytes.length && isDigit(bytes[end])) {
      end++;
    }
    return splice(bytes, start, end, token());
  }

  private static boolean isDigit(byte value) {
    return value >= '0' && value <= '9';
  }

  private byte[] flipBit(byte[] bytes, int at) {
    if (at == bytes.length) {
      return bytes;
    }
    byte[] flipped = bytes.clone();
    flipped[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));
    return flipped;
  }

  private byte[] randomByte() {
    return new byte[] {(byte) random.nextInt(1 << Byte.SIZE)};
  }

  private byte[] token() {
    return TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] splice(byte[] bytes, int start, int end, byte[] replacement) {
    var out = new ByteArrayOutputStream(bytes.length + replacement.length);
    out.write(bytes, 0, start);
    out.writeBytes(replacement);
    out.write(bytes, end, bytes.length - end);
    return out.toByteArray();
  }
}
