package org.glmspark.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.glmspark.format.MalformedModelException;
import org.jspecify.annotations.Nullable;

/// The rule by which both families join pairs: from the units of a word on, its bytes or its
/// characters, the adjacent pair is joined whose concatenation is the token of lowest rank, the
/// leftmost of equals, until no pair makes a token.
///
/// Source: Sennrich, Haddow and Birch 2016, <https://arxiv.org/abs/1508.07909>.
final class BytePairEncoding {
  /// What words are cut into before pairs are joined.
  enum Unit {
    BYTE {
      @Override
      int width(byte[] utf8, int i) {
        return 1;
      }
    },
    CHARACTER {
      @Override
      int width(byte[] utf8, int i) {
        return Utf8.width(utf8, i);
      }
    };

    /// The length of the unit that begins here, in bytes.
    abstract int width(byte[] utf8, int i);
  }

  /// Twice that of GLM-4's longest token. Without a limit a small file could keep the search for
  /// pairs busy for hours.
  private static final int LONGEST_BYTES = 1024;

  /// Bytes of text that are encoded as the rule says, before the tables of [BacktrackingEncoder]
  /// are made. Those of GLM-4 take a program that has just started a second, and so does merging
  /// the pairs of some hundred kilobytes: who encodes one prompt does without.
  private static final int MERGED_BYTES = 64 << 10;

  /// Vocabularies that may be too large for the tables: those are made at once, to find out.
  private static final long LARGE_BYTES = 100_000_000;

  private final Construction construction;
  private final AtomicLong mergedBytes = new AtomicLong();
  private volatile @Nullable Supplier<BacktrackingEncoder> encoders;

  private BytePairEncoding(Construction construction) {
    this.construction = construction;
  }

  /// Encodes words, for one thread.
  @FunctionalInterface
  interface WordEncoder {
    /// Adds the tokens of a word.
    ///
    /// @param start inclusive, the beginning of a character
    /// @param end exclusive, the end of one; after `start`
    void encode(byte[] utf8, int start, int end, TokenBuffer tokens);
  }

  /// @param file for messages
  /// @param table of the tokens that text encodes to; each unit of a token is a token. Ids may have
  ///   gaps
  /// @param order ids by rank, lowest first
  /// @throws MalformedModelException if a token is absurdly long, or there are too many bytes in
  ///   all
  static BytePairEncoding of(
      String file, TokenTable table, int[] order, Unit unit, ByteFallback fallback) {
    if (table.longestBytes() > LONGEST_BYTES) {
      throw new MalformedModelException(
          file,
          "vocabulary",
          "a token has %d bytes, expected at most %d"
              .formatted(table.longestBytes(), LONGEST_BYTES));
    }
    var encoding = new BytePairEncoding(new Construction(file, table, order, unit, fallback));
    if ((long) table.size() * table.longestBytes() > LARGE_BYTES) {
      encoding.backtracking();
    }
    return encoding;
  }

  /// A new encoder, for one thread; whichever it is, it finds the same tokens.
  ///
  /// @param bytes of the text that it is for
  WordEncoder encoder(int bytes) {
    return encoders == null && mergedBytes.addAndGet(bytes) <= MERGED_BYTES
        ? construction.merger()::encode
        : backtracking()::encode;
  }

  /// A new encoder that goes from left to right, for one thread. Makes the tables if there are none
  /// yet.
  BacktrackingEncoder backtracking() {
    Supplier<BacktrackingEncoder> found = encoders;
    if (found == null) {
      synchronized (construction) {
        found = encoders;
        if (found == null) {
          found = construction.encoders();
          encoders = found;
        }
      }
    }
    return found.get();
  }

  /// Finds the pair of each token.
  private static final class Construction {
    private final String file;
    private final TokenTable table;
    private final int[] order;
    private final Unit unit;
    private final ByteFallback fallback;
    private final int[] rank;

    /// Tokens that are the encoding of their own bytes. Others never come from joining pairs.
    private final BitSet reachable;

    Construction(String file, TokenTable table, int[] order, Unit unit, ByteFallback fallback) {
      this.file = file;
      this.table = table;
      this.order = order;
      this.unit = unit;
      this.fallback = fallback;
      rank = new int[table.size()];
      Arrays.fill(rank, MergeRules.UNIT);
      reachable = new BitSet(table.size());
      for (int i = 0; i < order.length; i++) {
        if (isUnit(order[i])) {
          reachable.set(order[i]);
        } else {
          rank[order[i]] = i;
        }
      }
    }

    PairMerger merger() {
      return new PairMerger(table, rank, unit, fallback);
    }

    Supplier<BacktrackingEncoder> encoders() {
      var rules = new MergeRules(rank);
      TokenTrie trie = TokenTrie.of(file, table);
      PairMerger merger = merger();
      for (int token : order) {
        if (rank[token] != MergeRules.UNIT
            && !findPair(token, rules, trie)
            && !joinPair(merger, token, rules)) {
          trie.remove(table.token(token));
        }
      }
      int[] lengths = new int[table.size()];
      int[] prefixes = new int[table.size()];
      reachable.stream()
          .forEach(token -> {
            byte[] bytes = table.token(token);
            lengths[token] = bytes.length;
            prefixes[token] = trie.longest(bytes, 0, bytes.length - 1);
          });
      return () -> new BacktrackingEncoder(trie, rules, lengths, prefixes, fallback, merger());
    }

    private boolean isUnit(int token) {
      byte[] bytes = table.token(token);
      return unit.width(bytes, 0) == bytes.length;
    }

    /// Looks for the two tokens of lower rank that make this one: they cut it in two, and nothing
    /// would be joined across the cut before. Finds none that are irregular.
    private boolean findPair(int token, MergeRules rules, TokenTrie trie) {
      byte[] bytes = table.token(token);
      int first = trie.longest(bytes, 0, bytes.length - 1);
      while (first != TokenTable.NONE) {
        int cut = table.token(first).length;
        if (isRegular(first, rules)) {
          int second = table.find(bytes, cut, bytes.length);
          if (second != TokenTable.NONE
              && isRegular(second, rules)
              && rules.mayFollow(first, second)) {
            put(first, second, token, rules);
            return true;
          }
        }
        first = trie.longest(bytes, 0, cut - 1);
      }
      return false;
    }

    private boolean isRegular(int token, MergeRules rules) {
      return reachable.get(token) && !rules.isIrregular(token);
    }

    /// Joins the units of the token; if they become the token, the last pair makes it.
    private boolean joinPair(PairMerger merger, int token, MergeRules rules) {
      byte[] bytes = table.token(token);
      var tokens = new TokenBuffer();
      merger.encode(bytes, 0, bytes.length, tokens);
      if (tokens.size() > 1) {
        return false;
      }
      int cut = merger.lastBorder();
      put(table.find(bytes, 0, cut), table.find(bytes, cut, bytes.length), token, rules);
      return true;
    }

    private void put(int first, int second, int token, MergeRules rules) {
      rules.put(first, second, token);
      reachable.set(token);
    }
  }
}
