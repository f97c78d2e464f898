package org.glmspark.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.glmspark.tokenizer.SamplePieces;
import org.glmspark.tokenizer.SampleTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.Vocabulary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AnswerStateTest {
  private static final int STOP = 2;

  /// One without and one with a blank before every text.
  enum Family {
    GLM4(SampleTokenizer::load),
    CHATGLM(SamplePieces::tokenizer);

    @SuppressWarnings("ImmutableEnumChecker")
    private final Tokenizer tokenizer;

    @SuppressWarnings("ImmutableEnumChecker") // it finds the same masks whenever it is asked
    private final AnswerGrammars grammars;

    Family(Supplier<Tokenizer> tokenizer) {
      this.tokenizer = tokenizer.get();
      this.grammars = new AnswerGrammars(this.tokenizer.vocabulary(), size());
    }

    /// Rows that the model has for the tokenizer's tokens, and some that no token has.
    int size() {
      return tokenizer.vocabulary().size() + 77;
    }

    AnswerGrammar grammar(AnswerFormat format) {
      return grammars.of(format);
    }

    private int stop() {
      return switch (this) {
        case GLM4 -> tokenizer.specialToken("<|endoftext|>");
        case CHATGLM -> STOP;
      };
    }
  }

  private static AnswerFormat format(int seed) {
    var formats = new RandomFormats(seed);
    return switch (seed % 5) {
      case 0 -> pattern(formats);
      case 1 ->
          new AnswerFormat.Choice(
              List.of("positive", "negative", "neutral", "positively", " no", "是"));
      case 2 -> new AnswerFormat.JsonObject();
      default -> new AnswerFormat.JsonSchema(formats.schema().toString());
    };
  }

  private static AnswerFormat pattern(RandomFormats formats) {
    while (true) {
      try {
        return new AnswerFormat.Regex(formats.pattern(4));
      } catch (IllegalArgumentException e) { // one for the empty text alone
        assertThat(e).hasMessageContaining("empty text");
      }
    }
  }

  private static boolean[] mask(AnswerState state, int size) {
    float[] logits = new float[size + 2];
    state.mask(logits, 1, size);
    assertThat(logits[0]).isZero();
    assertThat(logits[size + 1]).isZero();
    boolean[] allowed = new boolean[size];
    for (int id = 0; id < size; id++) {
      allowed[id] = logits[id + 1] == 0;
    }
    return allowed;
  }

  /// Each token on its own, byte by byte.
  private static boolean[] slowMask(
      Automaton.State state, Vocabulary vocabulary, int size, int left, int stop) {
    boolean[] allowed = new boolean[size];
    for (int id = 0; id < size; id++) {
      byte[] bytes = vocabulary.bytes(id);
      allowed[id] = bytes.length > 0 && state.next(bytes).cost() <= left - 1;
    }
    allowed[stop] = state.accepting();
    return allowed;
  }

  private static Automaton slowAutomaton(AnswerFormat format, Family family) {
    Graph graph = AnswerRules.of(format);
    if (family == Family.CHATGLM) {
      graph.letBlankLead();
    }
    var tokens = new AnswerVocabulary(family.tokenizer.vocabulary(), family.size());
    return new Automaton(graph, ShortestCompletion.inTokens(graph, tokens.all()));
  }

  @ParameterizedTest
  @EnumSource
  void masksAllowExactlyTheTokensWhoseBytesGoOnAnAnswerThatStillFits(Family family) {
    Vocabulary vocabulary = family.tokenizer.vocabulary();
    for (int seed = 0; seed < 60; seed++) {
      var random = new Random(seed);
      AnswerFormat format = format(seed);
      AnswerGrammar grammar = family.grammar(format);
      int left = grammar.leastTokens() + random.nextInt(12);
      AnswerState state = grammar.start(left, new int[] {family.stop()});
      Automaton.State slow = slowAutomaton(format, family).start();
      while (!state.isComplete()) {
        boolean[] allowed = mask(state, family.size());
        assertThat(allowed)
            .as("seed %d, %s", seed, format)
            .isEqualTo(slowMask(slow, vocabulary, family.size(), left, family.stop()));
        int token = anyOf(allowed, random);
        assertThat(state.allows(token)).isTrue();
        if (token == family.stop()) {
          break;
        }
        state = state.after(token);
        slow = slow.next(vocabulary.bytes(token));
        left--;
      }
      assertThat(slow.accepting()).isTrue();
    }
  }

  private static int anyOf(boolean[] allowed, Random random) {
    int count = 0;
    int chosen = -1;
    for (int id = 0; id < allowed.length; id++) {
      if (allowed[id] && random.nextInt(++count) == 0) {
        chosen = id;
      }
    }
    assertThat(chosen).as("a token that can come next").isNotNegative();
    return chosen;
  }

  @ParameterizedTest
  @EnumSource
  void answersOfAnyTokensAreWholeInTheirTokensAndCutNoCharacter(Family family) {
    for (int seed = 0; seed < 400; seed++) {
      var random = new Random(seed);
      AnswerFormat format = format(seed);
      AnswerGrammar grammar = family.grammar(format);
      int most = grammar.leastTokens() + (seed % 2 == 0 ? 0 : random.nextInt(60));
      List<Integer> tokens = new ArrayList<>();
      AnswerState state = grammar.start(most, new int[0]);
      while (!state.isComplete()) {
        int token = anyOf(mask(state, family.size()), random);
        tokens.add(token);
        state = state.after(token);
      }
      assertThat(tokens).as("seed %d, %s", seed, format).hasSizeLessThanOrEqualTo(most);
      var joined = new ByteArrayOutputStream();
      tokens.forEach(token -> joined.writeBytes(family.tokenizer.vocabulary().bytes(token)));
      String text = grammar.text(tokens);
      byte[] bytes = joined.toByteArray();
      boolean blankLed = text.getBytes(UTF_8).length < bytes.length;
      assertThat(text.getBytes(UTF_8))
          .isEqualTo(Arrays.copyOfRange(bytes, blankLed ? 1 : 0, bytes.length));
      if (format instanceof AnswerFormat.Choice(List<String> choices)) {
        assertThat(choices).contains(text);
      }
      if (format instanceof AnswerFormat.Regex(String pattern)) {
        assertThat(text).matches(pattern);
      }
    }
  }

  @Test
  void aBlankThatTheTokenizerWritesFirstIsNoPartOfTheAnswer() {
    Tokenizer tokenizer = Family.CHATGLM.tokenizer;
    AnswerGrammar grammar =
        Family.CHATGLM.grammar(new AnswerFormat.Choice(List.of("the cat", " that")));
    for (String choice : List.of("the cat", " that")) {
      int[] tokens = tokenizer.encode(choice);
      AnswerState state = grammar.start(20, new int[0]);
      for (int token : tokens) {
        assertThat(state.allows(token)).isTrue();
        state = state.after(token);
      }
      assertThat(state.isComplete()).isTrue();
      assertThat(grammar.text(Arrays.stream(tokens).boxed().toList())).isEqualTo(choice);
    }
  }

  @Test
  void theBoundCountsTokensOfFixedTexts() {
    Tokenizer tokenizer = Family.GLM4.tokenizer;
    String word = " summary";
    assertThat(tokenizer.encode(word)).hasSizeLessThan(5);
    AnswerGrammar grammar = Family.GLM4.grammar(new AnswerFormat.Choice(List.of(word.repeat(3))));
    int least = grammar.leastTokens();

    assertThat(least).isLessThanOrEqualTo(tokenizer.encode(word.repeat(3)).length);
    assertThat(grammar.start(least, new int[0]).isComplete()).isFalse();
    assertThatThrownBy(() -> grammar.start(least - 1, new int[0]))
        .hasMessage("%d tokens, expected at least %d", least - 1, least);
  }

  /// Where a token of eight tabs is a way to the end, a letter is not to take that way away.
  @Test
  void textsOfCountedLengthEndInTimeWhateverTokensTheyCouldHave() {
    Tokenizer tokenizer = Family.GLM4.tokenizer;
    AnswerFormat format = new AnswerFormat.Regex("[^\\x00-\\x08\\n-\\x1f]{16}");
    AnswerGrammar grammar = Family.GLM4.grammar(format);
    int letter = SampleTokenizer.singleByte(tokenizer, 'x');
    AnswerState state = grammar.start(grammar.leastTokens(), new int[0]);
    for (int tokens = 0; tokens < grammar.leastTokens() && !state.isComplete(); tokens++) {
      boolean[] allowed = mask(state, Family.GLM4.size());
      state = state.after(allowed[letter] ? letter : anyOf(allowed, new Random(tokens)));
    }
    assertThat(state.isComplete()).isTrue();
  }

  @Test
  void nestingHasAnEnd() {
    AnswerGrammar grammar =
        Family.GLM4.grammar(new AnswerFormat.JsonSchema("{\"type\":\"array\"}"));
    int bracket = SampleTokenizer.singleByte(Family.GLM4.tokenizer, '[');
    AnswerState state = grammar.start(100_000, new int[0]);
    int depth = 0;
    while (state.allows(bracket)) {
      state = state.after(bracket);
      depth++;
    }
    assertThat(depth).isBetween(64, 500); // Jackson reads 1,000
    int token = SampleTokenizer.singleByte(Family.GLM4.tokenizer, ']');
    for (; depth > 0; depth--) {
      state = state.after(token);
    }
    assertThat(state.isComplete()).isTrue();
  }

  @Test
  void statesAreValuesThatProposedTokensLeaveAsTheyAre() {
    AnswerGrammar grammar = Family.GLM4.grammar(new AnswerFormat.Choice(List.of("ab", "ac")));
    AnswerState first = grammar.start(5, new int[0]);
    AnswerState second = first.after(SampleTokenizer.singleByte(Family.GLM4.tokenizer, 'a'));
    assertThatThrownBy(() -> second.after(SampleTokenizer.singleByte(Family.GLM4.tokenizer, 'x')))
        .hasMessageContaining("no answer goes on with token");
    assertThat(second.after(SampleTokenizer.singleByte(Family.GLM4.tokenizer, 'b')).isComplete())
        .isTrue();
    assertThat(second.after(SampleTokenizer.singleByte(Family.GLM4.tokenizer, 'c')).isComplete())
        .isTrue();
    assertThat(first.allows(SampleTokenizer.singleByte(Family.GLM4.tokenizer, 'a'))).isTrue();
  }
}
