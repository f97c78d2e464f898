package org.glmspark.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// The tokens that have bytes, found by id and by bytes.
///
/// Open addressing with linear probing, at most half full; a look-up allocates nothing. Safe for
/// many readers once filled.
final class TokenTable {
  /// What [#find] returns for bytes that are no token.
  static final int NONE = -1;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /// Multiplier of a 64-bit linear congruential generator; Steele and Vigna 2021, table 4,
  /// <https://arxiv.org/abs/2001.05304>.
  private static final long MULTIPLIER = 0xD1342543DE82EF95L;

  private final byte[][] tokens;

  /// Ids, or NONE for a free slot.
  private final int[] slots;

  private int longestBytes;

  /// @param count how many tokens [#put] will be given, at most 2^28
  TokenTable(int count) {
    tokens = new byte[count][];
    slots = new int[Integer.highestOneBit(Math.max(1, count)) * 4];
    Arrays.fill(slots, NONE);
  }

  /// Enters a token, unless its bytes or its id are taken.
  ///
  /// @return the id that these bytes have from now on: `id`, or that of an earlier token
  int put(int id, byte[] token) {
    int slot = slot(token, 0, token.length);
    if (slots[slot] == NONE) {
      slots[slot] = id;
      tokens[id] = token;
      longestBytes = Math.max(longestBytes, token.length);
    }
    return slots[slot];
  }

  /// The id of the token with the bytes `from` to `to` (exclusive), or NONE.
  int find(byte[] bytes, int from, int to) {
    return to - from > longestBytes ? NONE : slots[slot(bytes, from, to)];
  }

  /// The bytes of a token; not to be changed.
  byte[] token(int id) {
    return tokens[id];
  }

  /// Tokens in the table; their ids are 0 to `size() - 1`.
  int size() {
    return tokens.length;
  }

  /// The length of the longest token.
  int longestBytes() {
    return longestBytes;
  }

  /// Where these bytes are, or the free slot where they belong.
  private int slot(byte[] bytes, int from, int to) {
    int mask = slots.length - 1;
    int slot = hash(bytes, from, to) & mask;
    while (slots[slot] != NONE) {
      byte[] token = tokens[slots[slot]];
      if (Arrays.equals(token, 0, token.length, bytes, from, to)) {
        break;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private static int hash(byte[] bytes, int from, int to) {
    long hash = to - from;
    int i = from;
    for (; i + Long.BYTES <= to; i += Long.BYTES) {
      hash = mix(hash ^ (long) LONGS.get(bytes, i));
    }
    long rest = 0;
    for (; i < to; i++) {
      rest = rest << 8 | (bytes[i] & 0xFF);
    }
    return (int) (mix(hash ^ rest) >>> 32);
  }

  private static long mix(long value) {
    long product = value * MULTIPLIER;
    return product ^ product >>> 32;
  }
}
