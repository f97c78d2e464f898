package org.glmspark.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.glmspark.format.MalformedModelException;

/// The tokens that text encodes to, found by id and by bytes.
///
/// Open addressing with linear probing, at most half full; a look-up allocates nothing. Safe for
/// many readers once filled.
final class TokenTable {
  /// What [#find] returns for bytes that are no token.
  static final int NONE = -1;

  /// The largest vocabularies of other models have as many, GLM-4 has 151,343. A limit, because a
  /// token of two bytes in a file takes a hundred times that in the tables of an encoder.
  private static final int MAX_TOKENS = 1 << 18;

  private static final byte[] NO_BYTES = {};

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long FREE = -1;

  /// A multiplier that spreads bits well. Source: Steele and Vigna 2021,
  /// <https://arxiv.org/abs/2001.05304>.
  private static final long MULTIPLIER = 0xD1342543DE82EF95L;

  private final byte[][] tokens;

  /// `hash << 32 | id`, or FREE. The hash is there because most look-ups of a merge find nothing:
  /// they end here, without a look at the bytes of another token.
  private final long[] slots;

  private int longestBytes;

  /// @param count one more than the highest id that [#put] will be given, see [#requireCount]
  TokenTable(int count) {
    tokens = new byte[count][];
    Arrays.fill(tokens, NO_BYTES);
    slots = new long[Integer.highestOneBit(Math.max(1, count)) * 4];
    Arrays.fill(slots, FREE);
  }

  /// Requires a number of tokens to be one that a vocabulary may have: before anything is allocated
  /// for all of them.
  ///
  /// @throws MalformedModelException if it is not
  static void requireCount(String file, long count) {
    if (count > MAX_TOKENS) {
      throw new MalformedModelException(
          file,
          "vocabulary",
          "has %d tokens or more, expected at most %d".formatted(count, MAX_TOKENS));
    }
  }

  /// Enters a token, unless there is one with its bytes.
  ///
  /// @param id from 0 to the count less one; no other token has it
  /// @param token at least one byte
  /// @return the id that these bytes have from now on: `id`, or that of an earlier token
  int put(int id, byte[] token) {
    int hash = hash(token, 0, token.length);
    int slot = slot(hash, token, 0, token.length);
    if (slots[slot] == FREE) {
      slots[slot] = ((long) hash << 32) | id;
      tokens[id] = token;
      longestBytes = Math.max(longestBytes, token.length);
    }
    return (int) slots[slot];
  }

  /// The id of the token with the bytes `from` to `to` (exclusive), or NONE.
  int find(byte[] bytes, int from, int to) {
    return to - from > longestBytes
        ? NONE
        : (int) slots[slot(hash(bytes, from, to), bytes, from, to)]; // FREE ends in NONE
  }

  /// The bytes of a token; not to be changed. None for an id without a token.
  byte[] token(int id) {
    return tokens[id];
  }

  /// The bytes of all ids, as [#token] gives them.
  byte[][] tokens() {
    return tokens;
  }

  /// The ids that have a token, in the order of their bytes.
  int[] sortedIds() {
    long[] keys = new long[tokens.length];
    int count = 0;
    for (int id = 0; id < tokens.length; id++) {
      if (tokens[id].length > 0) {
        keys[count++] = ((long) beginning(tokens[id]) << Integer.SIZE) | id;
      }
    }
    Arrays.sort(keys, 0, count);
    int[] ids = new int[count];
    int end;
    for (int start = 0; start < count; start = end) {
      end = start;
      while (end < count && keys[end] >> Integer.SIZE == keys[start] >> Integer.SIZE) {
        end++;
      }
      sortIds(ids, keys, start, end);
    }
    return ids;
  }

  /// Puts the ids of keys with the same beginning into the order of their tokens' bytes.
  private void sortIds(int[] ids, long[] keys, int start, int end) {
    if (end - start == 1) { // most are alone with their beginning: nothing to sort
      ids[start] = (int) keys[start];
      return;
    }
    int[] sorted =
        Arrays.stream(keys, start, end)
            .mapToObj(key -> (int) key)
            .sorted((a, b) -> Arrays.compareUnsigned(tokens[a], tokens[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    System.arraycopy(sorted, 0, ids, start, sorted.length);
  }

  /// A number that orders tokens by their first four bytes.
  private static int beginning(byte[] token) {
    int value = 0;
    for (int i = 0; i < Integer.BYTES; i++) {
      value = (value << Byte.SIZE) | (i < token.length ? token[i] & 0xFF : 0);
    }
    return value ^ Integer.MIN_VALUE;
  }

  /// One more than the highest id.
  int size() {
    return tokens.length;
  }

  /// The length of the longest token.
  int longestBytes() {
    return longestBytes;
  }

  /// Where these bytes are, or the free slot where they belong.
  private int slot(int hash, byte[] bytes, int from, int to) {
    int mask = slots.length - 1;
    int i = hash & mask;
    while (slots[i] != FREE && !isToken(slots[i], hash, bytes, from, to)) {
      i = (i + 1) & mask;
    }
    return i;
  }

  private boolean isToken(long slot, int hash, byte[] bytes, int from, int to) {
    if ((int) (slot >>> 32) != hash) {
      return false;
    }
    byte[] token = tokens[(int) slot];
    return Arrays.equals(token, 0, token.length, bytes, from, to);
  }

  private static int hash(byte[] bytes, int from, int to) {
    long hash = (long) to - from;
    int i = from;
    for (; i + Long.BYTES <= to; i += Long.BYTES) {
      hash = mix(hash ^ (long) LONGS.get(bytes, i));
    }
    return (int) (mix(hash ^ lastBytes(bytes, i, to)) >>> 32);
  }

  /// The bytes `from` to `to`, fewer than eight, the first one lowest.
  private static long lastBytes(byte[] bytes, int from, int to) {
    if (from + Long.BYTES <= bytes.length) { // in the midst of a text: all of them at once
      return (long) LONGS.get(bytes, from) & ~(-1L << (Byte.SIZE * (to - from)));
    }
    long value = 0;
    for (int i = to - 1; i >= from; i--) {
      value = (value << Byte.SIZE) | (bytes[i] & 0xFF);
    }
    return value;
  }

  private static long mix(long value) {
    long product = value * MULTIPLIER;
    return product ^ (product >>> 32);
  }
}
