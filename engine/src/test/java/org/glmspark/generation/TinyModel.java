package org.glmspark.generation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.BytePairTokenizer;

/// A random model of 320 tokens, whose completions are noise that any wrong bit would change.
final class TinyModel {
  static final Path FOLDER = Path.of("src/test/resources/golden/glm-4-9b-chat");
  static final int CONTEXT = 160;

  private TinyModel() {}

  /// The model with a short context, stop tokens of its own, and [#tokenizer].
  static Model of(List<Integer> stopTokens) {
    Model model = ModelLoader.load(FOLDER);
    ModelConfig c = model.config();
    ModelConfig config =
        new ModelConfig(
            c.blockType(),
            c.hiddenSize(),
            c.layers(),
            c.heads(),
            c.keyValueHeads(),
            c.headSize(),
            c.feedForwardSize(),
            c.vocabularySize(),
            c.normEpsilon(),
            c.rope(),
            CONTEXT,
            c.queryKeyValueBias(),
            c.tiedEmbeddings(),
            stopTokens);
    BytePairTokenizer tokenizer = tokenizer();
    return new Model(
        model.path(),
        model.overrides(),
        model.digest(),
        config,
        model.weights(),
        tokenizer,
        ChatTemplate.of(ChatFormat.GLM_4, tokenizer),
        model.warnings(),
        model.files(),
        model.memory());
  }

  /// The 256 bytes by their value, ` a` to ` z`, `aa` to `ax`, and GLM-4's special tokens.
  static BytePairTokenizer tokenizer() {
    var ranks = new StringBuilder();
    for (int b = 0; b < 256; b++) {
      rank(ranks, String.valueOf((char) b), b);
    }
    for (int i = 0; i < 26; i++) {
      rank(ranks, " " + (char) ('a' + i), 256 + i);
    }
    for (int i = 0; i < 24; i++) {
      rank(ranks, "a" + (char) ('a' + i), 282 + i);
    }
    return BytePairTokenizer.parseRanks("tiny", ranks.toString().getBytes(ISO_8859_1));
  }

  private static void rank(StringBuilder ranks, String bytes, int rank) {
    String base64 = Base64.getEncoder().encodeToString(bytes.getBytes(ISO_8859_1));
    ranks.append(base64).append(' ').append(rank).append('\n');
  }
}
