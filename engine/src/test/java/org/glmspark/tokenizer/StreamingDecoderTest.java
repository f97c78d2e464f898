package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamingDecoderTest {
  private static final BytePairTokenizer SAMPLE = SampleTokenizer.load();

  @ParameterizedTest(name = "seed = {0}")
  @ValueSource(ints = {1, 2, 3})
  void streamsTheTextThatDecodingAtOnceGives(int seed) {
    var random = new Random(seed);
    var decoder = new StreamingDecoder(SAMPLE);
    for (int i = 0; i < 5_000; i++) {
      int[] tokens = random.nextBoolean() ? anyTokens(random) : brokenCharacters(random);

      assertThat(stream(decoder, tokens)).isEqualTo(SAMPLE.decode(tokens));
    }
  }

  @Test
  void holdsBackACharacterUntilItsLastByte() {
    var decoder = new StreamingDecoder(SAMPLE);
    int[] rocket = {token(0xF0), token(0x9F), token(0x9A), token(0x80)};

    assertThat(decoder.next(rocket[0])).isEmpty();
    assertThat(decoder.next(rocket[1])).isEmpty();
    assertThat(decoder.next(SAMPLE.specialToken("<eop>"))).isEmpty();
    assertThat(decoder.next(rocket[2])).isEmpty();
    assertThat(decoder.next(rocket[3])).isEqualTo("🚀");
    assertThat(decoder.next(rocket[0])).isEmpty();
    assertThat(decoder.next(token('a'))).isEqualTo("\ufffda");
    assertThat(decoder.next(rocket[0])).isEmpty();
    assertThat(decoder.finish()).isEqualTo("\ufffd");
    assertThat(decoder.finish()).isEmpty();
  }

  private static String stream(StreamingDecoder decoder, int... tokens) {
    var text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.next(token));
    }
    return text.append(decoder.finish()).toString();
  }

  /// Tokens of any kind, special ones and ids beyond the vocabulary among them.
  private static int[] anyTokens(Random random) {
    return random.ints(random.nextInt(12), 0, SAMPLE.vocabulary().size() + 10).toArray();
  }

  /// Single bytes, most of them from the beginnings and the rest of characters.
  private static int[] brokenCharacters(Random random) {
    int[] bytes = {
      0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE4, 0xED, 0xEF,
      0xF0, 0xF3, 0xF4, 0xF5, 0xFF
    };
    return random.ints(random.nextInt(12), 0, bytes.length).map(i -> token(bytes[i])).toArray();
  }

  private static int token(int b) {
    return SampleTokenizer.singleByte(SAMPLE, b);
  }
}
