package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.glmspark.format.MalformedModelException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GgufVocabularyTest {
  private static final BytePairTokenizer BYTES = SampleTokenizer.load();
  private static final List<Piece> PIECES = SamplePieces.pieces();
  private static final SentencePieceTokenizer TEXTS =
      SentencePieceTokenizer.parse(
          "tokenizer.model", SamplePieces.file(PIECES), TokenizerFamily.CHATGLM3.specialTokens());

  /// A vocabulary on its way into a file, to be changed.
  private static final class Lists {
    String model = "gpt2";
    @Nullable String pre = "glm4";
    final List<String> tokens = new ArrayList<>();
    final List<Integer> types = new ArrayList<>();
    final List<Float> scores = new ArrayList<>();

    void add(String token, int type, float score) {
      tokens.add(token);
      types.add(type);
      scores.add(score);
    }

    GgufVocabulary vocabulary() {
      float[] scoreArray = new float[scores.size()];
      for (int i = 0; i < scoreArray.length; i++) {
        scoreArray[i] = scores.get(i);
      }
      return new GgufVocabulary(
          "m.gguf",
          model,
          pre,
          tokens,
          types.stream().mapToInt(Integer::intValue).toArray(),
          scoreArray);
    }
  }

  private static Lists glm4() {
    var lists = new Lists();
    SampleJson.texts(BYTES.vocabulary()).forEach(text -> lists.add(text, 1, 0));
    BYTES.vocabulary().specialTokens().keySet().forEach(text -> lists.add(text, 3, 0));
    lists.add("[PAD2048]", 5, 0);
    lists.add("[PAD2049]", 5, 0);
    return lists;
  }

  private static Lists chatGlm() {
    var lists = new Lists();
    lists.model = "llama";
    lists.pre = "chatglm-spm";
    for (Piece piece : PIECES) {
      switch (piece.type()) {
        case UNKNOWN -> lists.add("<unk>", 2, 0);
        case CONTROL -> lists.add(piece.text().equals("<s>") ? "<bos>" : "<eos>", 3, 0);
        case BYTE -> lists.add(piece.text(), 6, 0);
        default -> lists.add(piece.text(), 1, piece.score());
      }
    }
    TokenizerFamily.CHATGLM3.specialTokens().forEach(text -> lists.add(text, 3, 0));
    lists.add("[PAD900]", 5, 0);
    return lists;
  }

  @Test
  void givesTheTokensOfTheRankFile() {
    for (String pre : List.of("glm4", "chatglm-bpe")) {
      Lists lists = glm4();
      lists.pre = pre;
      requireEqual(lists.vocabulary().tokenizer(), BYTES);
    }
  }

  @Test
  void givesTheTokensOfTheSentencePieceFile() {
    requireEqual(chatGlm().vocabulary().tokenizer(), TEXTS);
  }

  @Test
  void joinsByIdWhereThereAreNoScores() {
    GgufVocabulary scored = chatGlm().vocabulary();
    var plain =
        new GgufVocabulary(
            scored.file(), scored.model(), null, scored.tokens(), scored.tokenTypes(), null);

    requireEqual(plain.tokenizer(), TEXTS);
  }

  @Test
  void joinsByScoreAndNotById() {
    Lists lists = chatGlm();
    var random = new Random(2);
    var pieces = new ArrayList<Piece>();
    for (int id = 0; id < PIECES.size(); id++) {
      Piece piece = PIECES.get(id);
      if (piece.type() == Piece.Type.NORMAL) {
        lists.scores.set(id, random.nextFloat());
      }
      pieces.add(new Piece(piece.text(), lists.scores.get(id), piece.type()));
    }
    Tokenizer tokenizer = lists.vocabulary().tokenizer();
    int different = 0;
    for (int i = 0; i < 200; i++) {
      String text =
          "aab".repeat(3) + "abb".repeat(random.nextInt(9)) + "bbaa" + "that".repeat(i % 3);
      int[] tokens = tokenizer.encode(text);
      assertThat(tokens).isEqualTo(SamplePieces.encodeSlowly(pieces, text));
      different += Arrays.equals(tokens, TEXTS.encode(text)) ? 0 : 1;
    }
    assertThat(different).isGreaterThan(50);
  }

  private static void requireEqual(Tokenizer actual, Tokenizer expected) {
    assertThat(actual.vocabulary().specialTokens())
        .isEqualTo(expected.vocabulary().specialTokens());
    assertThat(actual.vocabulary().size() - expected.vocabulary().size()).isBetween(0, 1);
    var random = new Random(3);
    for (int i = 0; i < 500; i++) {
      String text = RandomText.of(random, 20);
      assertThat(actual.encode(text)).isEqualTo(expected.encode(text));
      int[] tokens = random.ints(10, 0, expected.vocabulary().size() + 2).toArray();
      assertThat(actual.decode(tokens)).isEqualTo(expected.decode(tokens));
    }
  }

  @Test
  void refusesKindsThatAreNotKnown() {
    Lists unigram = chatGlm();
    unigram.model = "t5";
    refuses(unigram, "tokenizer.ggml.model: is 't5', expected 'gpt2' or 'llama'");
    Lists other = glm4();
    other.pre = "llama-bpe";
    refuses(other, "tokenizer.ggml.pre: is 'llama-bpe' with model 'gpt2', expected 'glm4' or");
    other.pre = null;
    refuses(other, "tokenizer.ggml.pre: is missing with model 'gpt2', expected 'glm4' or");
    Lists pieces = chatGlm();
    pieces.pre = "glm4";
    refuses(pieces, "tokenizer.ggml.pre: is 'glm4' with model 'llama', expected 'chatglm-spm'");
  }

  @Test
  void refusesListsThatContradictEachOther() {
    Lists fewer = glm4();
    fewer.types.removeLast();
    refuses(fewer, "tokenizer.ggml.token_type: has 2049, expected 2050, one for each token");
    Lists scores = chatGlm();
    scores.scores.removeLast();
    refuses(scores, "tokenizer.ggml.scores: has ");
    Lists type = glm4();
    type.types.set(5, 7);
    refuses(type, "tokenizer.ggml.token_type[5]: is 7, expected 1 to 6");
    assertThatThrownBy(() ->
            new GgufVocabulary("m.gguf", "gpt2", "glm4", List.of("!"), null, null).tokenizer())
        .isInstanceOf(MalformedModelException.class)
        .hasMessage(
            "m.gguf: tokenizer.ggml.token_type: is missing, expected a type for each token");
  }

  @Test
  void refusesTokensThatAreWrong() {
    Lists twice = glm4();
    twice.tokens.set(1000, twice.tokens.get(999));
    refuses(twice, "tokenizer.ggml.tokens[1000]: is '");
    Lists text = glm4();
    text.tokens.set(1000, "中");
    refuses(text, "tokenizer.ggml.tokens[1000]: is '中', expected characters for bytes");
    Lists gap = glm4();
    gap.types.set(1000, 3);
    refuses(gap, "tokenizer.ggml.tokens[1001]: has type NORMAL, expected all tokens of type");
    Lists lacking = glm4();
    lacking.tokens.set(lacking.tokens.indexOf("<|user|>"), "<user>");
    refuses(lacking, "no token has the content '<|user|>', expected one");
    Lists open = glm4(); // marked as text, a document could write it
    open.types.set(open.tokens.indexOf("<|endoftext|>"), 1);
    refuses(open, "no token has the content '<|endoftext|>', expected one");
    Lists pieces = chatGlm();
    pieces.types.set(pieces.tokens.indexOf("[gMASK]"), 5);
    refuses(pieces, "no token has the content '[gMASK]', expected one");
    Lists infinite = chatGlm();
    infinite.scores.set(260, Float.POSITIVE_INFINITY);
    refuses(infinite, "piece 260: has the score Infinity, expected a number");
  }

  @Test
  void refusesTheMadeUpVocabulariesOfTestModels() {
    var lists = new Lists();
    for (int id = 0; id < 300; id++) {
      lists.add("<" + id + ">", 1, 0);
    }
    refuses(lists, "none is the single byte 0x00, expected all 256 bytes");
  }

  private static void refuses(Lists lists, String problem) {
    assertThatThrownBy(() -> lists.vocabulary().tokenizer())
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("m.gguf: ")
        .hasMessageContaining(problem);
  }
}
