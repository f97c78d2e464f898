package org.glmspark.generation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.glmspark.model.BlockType;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.RandomModel;
import org.glmspark.model.RotarySettings;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.WeightType;
import org.glmspark.tokenizer.BytePairTokenizer;
import org.glmspark.tokenizer.SamplePieces;
import org.glmspark.tokenizer.Tokenizer;

/// Models of random weights, which know no JSON and no functions: what is right in their answers is
/// the grammar's work. One for each kind of tokenizer.
enum UntrainedModel {
  GLM4,
  CHATGLM3;

  static final int[] PROMPT = new Random(1).ints(12, 0, 256).toArray();
  static final int CONTEXT = 2048;

  /// An engine of two threads, with a cache that is never short.
  GenerationEngine open() {
    return open(options());
  }

  GenerationEngine open(EngineOptions options) {
    Tokenizer tokenizer = tokenizer();
    ChatTemplate template = ChatTemplate.of(format(), tokenizer);
    ModelConfig config =
        new ModelConfig(
            BlockType.SANDWICH_NORM,
            64,
            2,
            4,
            2,
            16,
            96,
            tokenizer.vocabulary().size() + 7,
            1e-5f,
            new RotarySettings(1e4, 8, null),
            CONTEXT,
            true,
            false,
            Arrays.stream(template.stopTokens()).boxed().toList());
    Model model = RandomModel.load(config, WeightType.F32, WeightType.F32);
    return new GenerationEngine(
        new Model(
            model.path(),
            model.overrides(),
            model.digest(),
            config,
            model.weights(),
            tokenizer,
            template,
            model.warnings(),
            model.files(),
            model.memory()),
        options);
  }

  static EngineOptions options() {
    return EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
  }

  private Tokenizer tokenizer() {
    return switch (this) {
      case GLM4 -> merges();
      case CHATGLM3 -> SamplePieces.tokenizer();
    };
  }

  private ChatFormat format() {
    return switch (this) {
      case GLM4 -> ChatFormat.GLM_4;
      case CHATGLM3 -> ChatFormat.CHATGLM3;
    };
  }

  /// Greedy, drawn from few and from many tokens, with penalties, and past the end token.
  static SamplingParameters sampling(int seed, int maxTokens) {
    var sampling = SamplingParameters.builder().maxTokens(maxTokens).seed(seed);
    return switch (seed % 4) {
      case 0 -> sampling.build();
      case 1 -> sampling.temperature(1).topK(40).repetitionPenalty(1.2).build();
      case 2 -> sampling.temperature(2).ignoreEos().build();
      default -> sampling.temperature(0.3).frequencyPenalty(2).topP(0.9).build();
    };
  }

  /// The 256 bytes, what JSON has often, and half a Chinese character.
  private static BytePairTokenizer merges() {
    List<String> tokens = new ArrayList<>();
    IntStream.range(0, 256).forEach(b -> tokens.add(String.valueOf((char) b)));
    tokens.addAll(
        List.of(
            "{\"",
            "\":",
            "\",",
            "\"}",
            "},",
            "[{",
            "]}",
            "\":\"",
            ", ",
            "tr",
            "ue",
            "true",
            "nu",
            "ll",
            "null",
            "\\\"",
            "12",
            "00",
            "na",
            "me",
            "name",
            "\": ",
            "  ",
            "\n ",
            "]]",
            "[[",
            "\u00e4\u00bd",
            "\u00e4\u00bd\u00a0",
            "\u00a0a",
            "e1",
            ".5",
            "\",\""));
    var ranks = new StringBuilder();
    for (int rank = 0; rank < tokens.size(); rank++) {
      byte[] bytes = tokens.get(rank).getBytes(ISO_8859_1);
      ranks.append(Base64.getEncoder().encodeToString(bytes)).append(' ').append(rank).append('\n');
    }
    return BytePairTokenizer.parseRanks("merges", ranks.toString().getBytes(ISO_8859_1));
  }
}
