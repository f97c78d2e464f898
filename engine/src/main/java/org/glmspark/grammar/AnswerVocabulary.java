package org.glmspark.grammar;

import java.util.BitSet;
import java.util.concurrent.ConcurrentHashMap;
import org.glmspark.tokenizer.Vocabulary;

/// A model's tokens, as masks are found with them.
///
/// Most tokens are [CodePoints#PLAIN] text, whole characters that can stand nearly everywhere in a
/// text. So that they need not be walked through again and again, they are counted once, by their
/// length; `special` has all others.
final class AnswerVocabulary {
  private static final int MOST_BYTES = Short.MAX_VALUE;

  /// Plain tokens of more are few: they are walked through like special ones.
  private static final int MOST_PLAIN_CHARACTERS = 24;

  private final byte[][] bytes;
  private final int size;
  private final boolean blankLed;
  private final VocabularyTrie all;
  private final VocabularyTrie special;

  /// The characters of each plain token; 0 for others.
  private final int[] plainCharacters;

  private final ConcurrentHashMap<Integer, TokenSet> plainSets = new ConcurrentHashMap<>();

  /// @param size of the model's vocabulary: tokens from this id on are no tokens of the model
  AnswerVocabulary(Vocabulary vocabulary, int size) {
    this.size = size;
    this.blankLed = vocabulary.dropsLeadingBlank();
    bytes = new byte[size][];
    plainCharacters = new int[size];
    BitSet withBytes = new BitSet();
    BitSet others = new BitSet();
    for (int id = 0; id < size; id++) {
      bytes[id] = vocabulary.bytes(id);
      if (bytes[id].length > 0 && bytes[id].length <= MOST_BYTES) {
        withBytes.set(id);
        plainCharacters[id] = plainCharacters(bytes[id]);
        others.set(id, plainCharacters[id] == 0);
      }
    }
    all = VocabularyTrie.of(bytes, withBytes);
    special = VocabularyTrie.of(bytes, others);
  }

  /// How many characters the bytes are; 0 if they are not plain text, or a long one.
  private static int plainCharacters(byte[] bytes) {
    Automaton.State state = PLAIN_TEXT.start().next(bytes);
    if (!state.accepting()) {
      return 0;
    }
    int characters = 0;
    for (byte b : bytes) {
      characters += (b & 0xC0) == 0x80 ? 0 : 1; // all but those that go on a character
    }
    return characters <= MOST_PLAIN_CHARACTERS ? characters : 0;
  }

  private static final Automaton PLAIN_TEXT = plainText();

  private static Automaton plainText() {
    Graph graph = new Graph();
    RegexNode text = RegexNode.anyTimes(new RegexNode.OneOf(CodePoints.PLAIN));
    TextWriter.plain(graph).write(text, graph.start(), graph.end());
    return new Automaton(graph, ShortestCompletion.inBytes(graph));
  }

  /// One more than the highest id.
  int size() {
    return size;
  }

  /// Whether the tokenizer puts a blank before a text, and takes it away again.
  boolean blankLed() {
    return blankLed;
  }

  /// The bytes of a token, none for a special one; not to be changed.
  byte[] bytes(int id) {
    return bytes[id];
  }

  VocabularyTrie all() {
    return all;
  }

  /// The tokens that are not plain text, or long.
  VocabularyTrie special() {
    return special;
  }

  /// The tokens that are plain text of at most so many characters; long ones are among [#special].
  TokenSet plain(int characters) {
    return plainSets.computeIfAbsent(Math.min(characters, MOST_PLAIN_CHARACTERS), this::plainSet);
  }

  private TokenSet plainSet(int characters) {
    long[] words = new long[TokenSet.words(size)];
    for (int id = 0; id < size; id++) {
      if (plainCharacters[id] > 0 && plainCharacters[id] <= characters) {
        words[id >> 6] |= 1L << id;
      }
    }
    return new TokenSet.Many(words);
  }
}
