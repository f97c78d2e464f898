package org.glmspark.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.glmspark.tokenizer.PublishedTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;
import org.glmspark.tokenizer.TokenizerFiles;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What masks cost over GLM-4's 151,343 tokens, on one core: `mvn -B test -Pbench -pl engine
/// -Dtest=MaskBenchmarkTest`. A token of GLM-4-9B at batch 32 takes two cores about 13 ms.
@Tag("bench")
class MaskBenchmarkTest {
  private static final String RECORD =
      """
      {"type":"object","properties":{
        "name":{"type":"string"},
        "born":{"type":"string","format":"date"},
        "country":{"type":"string","maxLength":60},
        "score":{"type":"number","minimum":0,"maximum":100},
        "sex":{"enum":["female","male",null]},
        "tags":{"type":"array","items":{"type":"string"},"maxItems":8},
        "address":{"type":"object","properties":{"street":{"type":"string"},"zip":{"type":"string","pattern":"^[0-9]{5}$"}},"required":["street"]}},
       "required":["name","country","tags"]}\
      """;

  private static final List<String> ANSWERS =
      List.of(
          """
          {"name": "Ada Lovelace", "born": "1815-12-10", "country": "United Kingdom of Great Britain", "score": 99.5, "sex": "female", "tags": ["mathematics", "computing", "analytical engine"], "address": {"street": "12 St James's Square", "zip": "12345"}}\
          """,
          """
          {"name": "王小明", "country": "中华人民共和国", "score": 7, "tags": ["人工智能", "语言模型的训练和推理", "北京"], "address": {"street": "海淀区中关村大街27号"}}\
          """,
          """
          {"name": "He said \\"hello\\"\\n", "country": "Österreich", "sex": null, "tags": []}\
          """);

  private record Case(AnswerFormat format, List<String> answers) {}

  private static Map<String, Case> cases() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("json_schema", new Case(new AnswerFormat.JsonSchema(RECORD), ANSWERS));
    cases.put("json_object", new Case(new AnswerFormat.JsonObject(), ANSWERS));
    List<String> labels = List.of("positive", "negative", "neutral", "mixed");
    cases.put("choice", new Case(new AnswerFormat.Choice(labels), labels));
    List<String> addresses = List.of("ada.lovelace@example.org", "wang@mail.tsinghua.edu.cn");
    cases.put(
        "regex, an address",
        new Case(new AnswerFormat.Regex("[\\w.+-]+@(\\w+\\.)+\\w{2,}"), addresses));
    List<String> prose =
        List.of("The lamp arrived early, and it looks great so far. 很好。".repeat(3));
    cases.put("regex, any text", new Case(new AnswerFormat.Regex("[^\\n]{1,500}"), prose));
    return cases;
  }

  @Test
  void measuresGlm4() throws IOException {
    Tokenizer tokenizer =
        TokenizerFiles.read(PublishedTokenizer.folder("glm4"))
            .load(TokenizerFamily.GLM4)
            .tokenizer();
    int size = 151_552;
    float[] logits = new float[size];
    for (int round = 0; round < 3; round++) {
      long start = System.nanoTime();
      var grammars = new AnswerGrammars(tokenizer.vocabulary(), size);
      var _ = grammars.of(new AnswerFormat.Choice(List.of("a")));
      System.out.printf(
          Locale.ROOT, "round %d: vocabulary %.0f ms%n", round, (System.nanoTime() - start) / 1e6);
      for (var entry : cases().entrySet()) {
        measure(entry.getKey(), entry.getValue(), grammars, tokenizer, logits);
      }
    }
  }

  private static void measure(
      String name, Case measured, AnswerGrammars grammars, Tokenizer tokenizer, float[] logits) {
    long start = System.nanoTime();
    AnswerGrammar grammar = grammars.of(measured.format());
    double compile = (System.nanoTime() - start) / 1e6;
    double[] micros = new double[20];
    double worst = 0;
    int tokens = 0;
    int completed = 0;
    for (int pass = 0; pass < micros.length; pass++) {
      long nanos = 0;
      tokens = 0;
      for (String answer : measured.answers()) {
        AnswerState state = grammar.start(1000, new int[0]);
        for (int token : tokenizer.encode(answer)) {
          Arrays.fill(logits, 1);
          long before = System.nanoTime();
          state.mask(logits, 0, logits.length);
          state = state.after(token);
          completed += state.isComplete() ? 1 : 0;
          long took = System.nanoTime() - before;
          assertThat(logits[token]).isFinite();
          worst = Math.max(worst, pass == 0 ? took / 1e6 : 0);
          nanos += took;
          tokens++;
        }
      }
      micros[pass] = nanos / 1e3 / tokens;
    }
    assertThat(completed).isLessThanOrEqualTo(measured.answers().size() * micros.length);
    System.out.printf(
        Locale.ROOT,
        "%-18s compiled in %6.1f ms, %3d tokens: %6.0f us each at first, %4.1f ms at most, %4.0f us later%n",
        name,
        compile,
        tokens,
        micros[0],
        worst,
        Arrays.stream(micros).skip(1).min().orElseThrow());
  }
}
