package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerJsonTest {
  private static final BytePairTokenizer SAMPLE = SampleTokenizer.load();
  private static final String FILE = SampleJson.file(SAMPLE.vocabulary());

  @Test
  void givesTheTokensOfTheRankFile() {
    BytePairTokenizer tokenizer = SampleJson.parse(FILE);
    var random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      String text = RandomText.of(random, 30);
      assertThat(tokenizer.encode(text)).as(text).isEqualTo(SAMPLE.encode(text));
    }
    assertThat(tokenizer.vocabulary().specialTokens())
        .isEqualTo(SAMPLE.vocabulary().specialTokens());
    assertThat(tokenizer.vocabulary().bytes(300)).isEqualTo(SAMPLE.vocabulary().bytes(300));
  }

  /// Converted repositories say there that every text begins with the prefix: prompts have it by
  /// id.
  @Test
  void noTextGetsThePrefixOfAPostProcessor() {
    String part = "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[]}";
    assertThat(FILE).contains(part);
    String prefixed =
        FILE.replace(
            part,
            "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
                + "{\"SpecialToken\":{\"id\":\"[gMASK]\",\"type_id\":0}},"
                + "{\"SpecialToken\":{\"id\":\"<sop>\",\"type_id\":0}},"
                + "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"special_tokens\":{"
                + "\"[gMASK]\":{\"id\":\"[gMASK]\",\"ids\":[2036],\"tokens\":[\"[gMASK]\"]}}}");

    assertThat(SampleJson.parse(prefixed).encode("Hello"))
        .isEqualTo(SampleTokenizer.load().encode("Hello"));
  }

  @Test
  void givesTheGoldenTokensOfGlm4() throws IOException {
    Path folder = PublishedTokenizer.folder("glm4");
    BytePairTokenizer tokenizer =
        SampleJson.parse(SampleJson.file(BytePairTokenizer.load(folder).vocabulary()));
    for (JsonNode row : SampleTokenizer.jsonLines(folder.resolve("golden.jsonl"))) {
      if (row.required("kind").asText().equals("encode")) {
        int prefix = row.path("prefix").asBoolean() ? 2 : 0;
        int[] ids = SampleTokenizer.ints(row.required("ids"));
        String text = row.required("text").asText();
        assertThat(tokenizer.encode(text))
            .as(text)
            .isEqualTo(Arrays.copyOfRange(ids, prefix, ids.length));
      }
    }
    assertThat(tokenizer.specialToken("<|user|>")).isEqualTo(151336);
  }

  @Test
  void takesATokenThatIsInTheVocabularyAndAddedAsSpecial() {
    BytePairTokenizer tokenizer =
        SampleJson.parse(FILE.replace("\"vocab\":{", "\"vocab\":{\"<|user|>\":2041,"));

    assertThat(tokenizer.specialToken("<|user|>")).isEqualTo(2041);
    assertThat(tokenizer.encode("<|user|>")).doesNotContain(2041);
    assertThat(tokenizer.vocabulary().bytes(2041)).isEmpty();
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      textBlock =
          """
          "type":"BPE"        ; "type":"Unigram"    ; model.type: is 'Unigram', expected 'BPE'
          "ignore_merges":true; "ignore_merges":false ; model.ignore_merges: is not true
          ,"ignore_merges":true; ``                 ; model.ignore_merges: is not true
          "byte_fallback":false; "byte_fallback":true ; model.byte_fallback: is 'true'
          "dropout":null      ; "dropout":0.1       ; model.dropout: is '0.1', expected null
          "unk_token":null    ; "end_of_word_suffix":"</w>" ; model.end_of_word_suffix: is '</w>'
          "normalizer":null   ; "normalizer":{}     ; normalizer: is '{', expected VALUE_NULL
          "Sequence","pret    ; "Split","pret       ; /pre_tokenizer/type: is 'Split', expected
          {1,3}               ; {1,2}               ; 0/pattern/Regex: is '(?i:'s|'t|
          "Isolated"          ; "Removed"           ; 0/behavior: is 'Removed', expected 'Isolated'
          "invert":false      ; "invert":true       ; 0/invert: is true, expected false
          "use_regex":false   ; "use_regex":true    ; 1/use_regex: is true, expected false
          "add_prefix_space":false, ; ``            ; 1/add_prefix_space: is missing
          "pre_tokenizer"     ; "other"             ; root: has no key 'pre_tokenizer'
          "model"             ; "other"             ; root: has no key 'model', expected one
          "vocab":{           ; "vocab":{"x":"y",   ; model.vocab: is 'y', expected VALUE_NUMBER_INT
          "vocab":{           ; "vocab":{"中":9999,  ; expected characters that stand for bytes
          "vocab":{           ; "vocab":{"":9999,   ; expected characters that stand for bytes
          "vocab":{           ; "vocab":{"!":2034,  ; model.vocab: '!' has id 2034, but also id 33
          "model":{           ; "model":{},"model":{ ; model.type: is none, expected 'BPE'
          "vocab":{           ; "vocab":{},"vocab":{ ; model.vocab: stands there twice
          "normalizer":null   ; "normalizer":null,"normalizer":null ; normalizer: stands there twice
          "invert":false      ; "invert":false,"invert":false ; 0/invert: stands there twice
          "use_regex":false}  ; "use_regex":false},{} ; pretokenizers/2: is a third step, expected
          "vocab":{           ; "vocab":{"zqz":-1,  ; id -1, expected at least 0
          "vocab":{           ; "vocab":{"zqz":9999999999, ; (9999999999) out of range of int
          "vocab":{           ; "vocab":{"zqz":7,   ; has id 7, expected one of its own from 0 to
          "vocab":{           ; "vocab":{"zqz":9999, ; 'zqz' has id 9999, expected one of its own
          "!":                ; "zqz":              ; none is the single byte 0x21
          "content":"<sop>"   ; "content":"<eop>"   ; added_tokens: '<eop>' again, id 2038 has it
          "content":"<sop>"   ; "content":"<stop>"  ; no token has the content '<sop>', expected
          "content":"<sop>"   ; "content":7         ; added_tokens: is '7', expected VALUE_STRING
          "id":2041           ; "id":2040           ; id 2040 again, '<|system|>' has it
          "id":2041           ; "ID":2041           ; a token lacks id or content
          """)
  void refusesWhatItWouldEncodeInAnotherWay(String part, String replacement, String problem) {
    assertThat(FILE).contains(part);
    int at = FILE.indexOf(part);
    String broken = FILE.substring(0, at) + replacement + FILE.substring(at + part.length());

    assertThatThrownBy(() -> SampleJson.parse(broken))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("tokenizer.json: ")
        .hasMessageContaining(problem);
  }

  @Test
  void refusesAPreTokenizerOfManyValues() {
    String broken =
        FILE.replace(
            "\"pretokenizers\":[", "\"other\":[" + "{},".repeat(100) + "0],\"pretokenizers\":[");

    assertThatThrownBy(() -> SampleJson.parse(broken))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage("tokenizer.json: pre_tokenizer: more than 100 values, expected fewer");
  }

  @Test
  void refusesWhatIsNoJson() {
    assertThatThrownBy(() -> SampleJson.parse(FILE + "{}"))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage("tokenizer.json: end: '{' follows the object, expected nothing");
    assertThatThrownBy(() -> SampleJson.parse("{\"a\":" + "[".repeat(1 << 20)))
        .isInstanceOf(MalformedModelException.class);
    assertThatThrownBy(() -> SampleJson.parse(""))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("tokenizer.json: root: ");
  }

  @Test
  void refusesTheFileCutAnywhere() {
    byte[] file = FILE.getBytes(UTF_8);
    for (int length = 0; length < file.length; length += length < 2_000 ? 1 : 37) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> BytePairTokenizer.parseJson("tokenizer.json", cut))
          .isInstanceOf(MalformedModelException.class);
    }
  }

  @Test
  void refusesDamagedFilesWithTheDeclaredExceptionOnly() {
    byte[] file = FILE.getBytes(UTF_8);
    var random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 1_000; i++) {
      byte[] damaged = file.clone();
      for (int faults = 1 + random.nextInt(3); faults > 0; faults--) {
        int place = random.nextInt(random.nextBoolean() ? 3_000 : damaged.length);
        damaged[place] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        BytePairTokenizer tokenizer = BytePairTokenizer.parseJson("tokenizer.json", damaged);
        assertThat(tokenizer.decode(tokenizer.encode("x ß\n"))).isEqualTo("x ß\n");
      } catch (MalformedModelException e) {
        assertThat(e).hasMessageStartingWith("tokenizer.json: ");
        refused++;
      }
    }
    assertThat(refused).isBetween(300, 999);
  }
}
