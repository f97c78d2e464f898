package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RankFileTest {
  /// A 257th line after the single bytes, which have the ranks 0 to 255 on the lines 1 to 256.
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          YWI=          | 'YWI=', expected a token in base64, a space and its rank
          YWI=\t256     | expected a token in base64, a space and its rank
          Y*I= 256      | 'Y*I=' is no base64
          YWI 256x      | rank '256x', expected a number from 0 to 256
          "YWI= "       | rank '', expected a number from 0 to 255
          "YWI=  256"   | rank ' 256', expected a number from 0 to 256
          YWI= -1       | rank '-1', expected a number from 0 to 256
          YWI= 257      | rank '257', expected a number from 0 to 256
          YWI= 300      | 257 tokens have ranks without gaps
          YWI= 99999999999999999999 | rank '99999999999999999999', expected a number
          YWI= 7        | rank 7 again, line 8 has it
          YQ== 256      | token 'YQ==' again, line 98 has it
          " 256"        | the token is empty, expected at least one byte
          ==== 256      | is no base64
          """)
  void refusesABadLineAndNamesIt(String line, String problem) {
    assertThatThrownBy(() -> parse(singleBytes() + line))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("tokenizer.model: line 257: ")
        .hasMessageContaining(problem);
  }

  @Test
  void refusesAVocabularyThatLacksAByte() {
    assertThatThrownBy(() -> parse(singleBytes().replace("/w== 255\n", "YWI= 255\n")))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage(
            "tokenizer.model: 256 tokens: none is the single byte 0xFF, expected all 256 bytes");
    assertThatThrownBy(() -> parse(""))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("0 tokens");
  }

  @Test
  void showsNoMoreOfABadLineThanPeopleCanRead() {
    assertThatThrownBy(() -> parse("\0\u001b[31m" + "A".repeat(1 << 20)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(
            "line 1: '\\u0000\\u001b[31m%s…', expected".formatted("A".repeat(114)))
        .hasMessageMatching(".{1,250}");
  }

  @Test
  void readsLinesInAnyOrderWithAnyLineEnd() {
    List<String> lines = new ArrayList<>(singleBytes().lines().toList());
    lines.add("YWI= 256");
    Collections.shuffle(lines, new Random(1));

    TokenTable table = parse("\n" + String.join("\r\n\r\n", lines));

    assertThat(table.size()).isEqualTo(257);
    assertThat(table.token(256)).isEqualTo(new byte[] {'a', 'b'});
    assertThat(table.token(0xC3)).isEqualTo(new byte[] {(byte) 0xC3});
  }

  @Test
  void refusesTheFileCutAnywhereOrReadsItsWholeLines() {
    byte[] file = (singleBytes() + "YWI= 256\nYWJj 257\n").getBytes(ISO_8859_1);
    for (int length = 0; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      try {
        assertThat(BytePairTokenizer.parseRanks("tokenizer.model", cut).encode("abc"))
            .hasSizeLessThanOrEqualTo(3);
      } catch (MalformedModelException e) {
        assertThat(e).hasMessageStartingWith("tokenizer.model: ");
      }
    }
  }

  @Test
  void refusesDamagedFilesWithTheDeclaredExceptionOnly() throws IOException {
    byte[] sample = Files.readAllBytes(SampleTokenizer.folder().resolve("tokenizer.model"));
    var random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 3_000; i++) {
      byte[] damaged = damaged(sample, random);
      try {
        TokenTable table = RankFile.parse(new WholeFile("tokenizer.model", damaged));
        assertThat(table.size()).isLessThanOrEqualTo(damaged.length / 3);
      } catch (MalformedModelException e) {
        assertThat(e).hasMessageStartingWith("tokenizer.model: ");
        refused++;
      }
    }
    assertThat(refused).isBetween(1_000, 2_999); // some damage makes another valid file
  }

  private static byte[] damaged(byte[] sample, Random random) {
    if (random.nextInt(4) == 0) {
      byte[] noise = new byte[random.nextInt(200)];
      random.nextBytes(noise);
      return noise;
    }
    byte[] damaged = sample.clone();
    for (int faults = 1 + random.nextInt(3); faults > 0; faults--) {
      damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(128);
    }
    return damaged;
  }

  private static TokenTable parse(String text) {
    return RankFile.parse(new WholeFile("tokenizer.model", text.getBytes(ISO_8859_1)));
  }

  /// A line for each byte, whose rank is the byte.
  private static String singleBytes() {
    var lines = new StringBuilder();
    for (int b = 0; b < 256; b++) {
      String token = Base64.getEncoder().encodeToString(new byte[] {(byte) b});
      lines.append(token).append(' ').append(b).append('\n');
    }
    return lines.toString();
  }
}
