package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.Random;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpecialTokensTest {
  private static final int RANKS = 2034;

  @Test
  void readsTheIdsOfTheConfig() throws IOException {
    String moved = sample().replace("\"2047\"", "\"2050\"");

    assertThat(parse(moved))
        .hasSize(14)
        .containsEntry("<|endoftext|>", 2034)
        .containsEntry("[gMASK]", 2036)
        .containsEntry("<|end_of_video|>", 2050);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"model_max_length\": 1024}", "{\"added_tokens_decoder\": null}"})
  void followsTheRanksWhereTheConfigListsNoTokens(String config) {
    assertThat(parse(config)).isEqualTo(SpecialTokens.following(RANKS)).hasSize(14);
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      textBlock =
          """
          "2041"        ; "2033"          ; : id '2033', expected a number from 2034
          "2041"        ; "user"          ; : id 'user', expected a number from 2034
          "2041"        ; "-1"            ; : id '-1', expected a number from 2034
          "2041"        ; "02041"         ; : id '02041', expected a number from 2034
          "2041"        ; "9999999999999" ; : id '9999999999999', expected a number from 2034
          "<|user|>"    ; "<sop>"         ; .2041: '<sop>' again, id 2038 has it
          "<|user|>"    ; ""              ; .2041: no content, expected the token's text
          "<|user|>"    ; null            ; .2041.content': is null, expected a string
          "<|user|>"    ; ["<|user|>"]    ; .2041.content': is ["<|user|>"], expected a string
          "<|user|>"    ; "<user>"        ; : no token has the content '<|user|>', expected one
          """)
  void refusesABadTokenAndNamesIt(String part, String replacement, String problem)
      throws IOException {
    assertThatThrownBy(() -> parse(tokensOfTheSample().replace(part, replacement)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("tokenizer_config.json: ")
        .hasMessageContaining("added_tokens_decoder" + problem);
  }

  @Test
  void refusesBrokenJsonAndNamesTheLine() throws IOException {
    String config = tokensOfTheSample();

    assertThatThrownBy(() -> parse(config + "}"))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("tokenizer_config.json: line 115, column ");
    assertThatThrownBy(() -> parse(config.substring(0, config.length() / 2)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("Unexpected end-of-input");
    assertThatThrownBy(() -> parse(config.replace("\"2041\"", "\"2040\"")))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("Duplicate field '2040'");
    assertThatThrownBy(() -> parse("[".repeat(1 << 20)))
        .isInstanceOf(MalformedModelException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "7", "{\"added_tokens_decoder\": []}"})
  void refusesAnythingButAnObject(String config) {
    assertThatThrownBy(() -> parse(config))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(" object");
  }

  @Test
  void refusesDamagedFilesWithTheDeclaredExceptionOnly() throws IOException {
    byte[] sample = sample().getBytes(UTF_8);
    var random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 3_000; i++) {
      byte[] damaged = sample.clone();
      for (int faults = 1 + random.nextInt(3); faults > 0; faults--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        assertThat(SpecialTokens.parse(new WholeFile("tokenizer_config.json", damaged), RANKS))
            .containsKeys("<|user|>", "<|endoftext|>");
      } catch (MalformedModelException e) {
        assertThat(e).hasMessageStartingWith("tokenizer_config.json: ");
        refused++;
      }
    }
    assertThat(refused).isBetween(1_000, 2_999);
  }

  private static Map<String, Integer> parse(String config) {
    return SpecialTokens.parse(
        new WholeFile("tokenizer_config.json", config.getBytes(UTF_8)), RANKS);
  }

  private static String sample() throws IOException {
    return Files.readString(SampleTokenizer.folder().resolve("tokenizer_config.json"));
  }

  /// The sample's config without what stands before the special tokens.
  private static String tokensOfTheSample() throws IOException {
    return "{" + sample().substring(sample().indexOf("\"added_tokens_decoder\""));
  }
}
