package org.glmspark.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The hyper-parameters of a GLM decoder, whatever layout they were read from.
///
/// Sizes are bounded so that rows and columns of every matrix fit an int and their product a long.
///
/// @param blockType where the norms of a layer stand
/// @param hiddenSize width of the residual stream, at most 2^20
/// @param layers number of decoder layers, at most 2^12
/// @param heads query heads, at most 2^14
/// @param keyValueHeads key-value heads; each serves `heads / keyValueHeads` query heads
/// @param headSize elements of one head, a multiple of 16, at most 2^14; `heads · headSize` at most
///   2^20
/// @param feedForwardSize inner size of the feed-forward network, at most 2^20 (the fused gate and
///   up matrix has twice as many rows)
/// @param vocabularySize rows of the embedding and of the output matrix, padding included; at most
///   2^24
/// @param normEpsilon added to the mean square in RMSNorm
/// @param rope how positions turn the elements of a head
/// @param contextTokens longest sequence, prompt and completion together; at most 2^30
/// @param queryKeyValueBias whether the fused query-key-value projection has a bias
/// @param tiedEmbeddings whether the embedding is the output matrix as well
/// @param stopTokens ids that end an answer. Of a loaded model all that are known: those that its
///   files name and those of its family, whatever the files say; may be empty
public record ModelConfig(
    BlockType blockType,
    int hiddenSize,
    int layers,
    int heads,
    int keyValueHeads,
    int headSize,
    int feedForwardSize,
    int vocabularySize,
    float normEpsilon,
    RotarySettings rope,
    int contextTokens,
    boolean queryKeyValueBias,
    boolean tiedEmbeddings,
    List<Integer> stopTokens) {

  /// Upper bound of `hiddenSize`, `feedForwardSize` and `heads · headSize`.
  static final int MAX_WIDTH = 1 << 20;

  static final int MAX_LAYERS = 1 << 12;

  /// Upper bound of `heads` and of `headSize`.
  static final int MAX_HEADS = 1 << 14;

  /// What `headSize` is a multiple of: attention works on so many elements of a head at once.
  static final int HEAD_UNIT = 16;

  static final int MAX_VOCABULARY = 1 << 24;
  static final int MAX_CONTEXT = 1 << 30;

  public ModelConfig {
    stopTokens = List.copyOf(stopTokens);
    requireRange("hiddenSize", hiddenSize, MAX_WIDTH);
    requireRange("layers", layers, MAX_LAYERS);
    requireRange("heads", heads, MAX_HEADS);
    requireRange("keyValueHeads", keyValueHeads, heads);
    requireRange("headSize", headSize, Math.min(MAX_HEADS, MAX_WIDTH / heads));
    requireRange("feedForwardSize", feedForwardSize, MAX_WIDTH);
    requireRange("vocabularySize", vocabularySize, MAX_VOCABULARY);
    requireRange("rotatedSize", rope.rotatedSize(), headSize);
    requireRange("contextTokens", contextTokens, MAX_CONTEXT);
    for (int stopToken : stopTokens) {
      require(
          0 <= stopToken && stopToken < vocabularySize,
          "stop token",
          stopToken,
          "0 to " + (vocabularySize - 1));
    }
    require(headSize % HEAD_UNIT == 0, "headSize", headSize, "a multiple of " + HEAD_UNIT);
    require(heads % keyValueHeads == 0, "keyValueHeads", keyValueHeads, "a divisor of " + heads);
    require(normEpsilon > 0 && Float.isFinite(normEpsilon), "normEpsilon", normEpsilon, "above 0");
  }

  private static void requireRange(String name, int value, int most) {
    require(1 <= value && value <= most, name, value, "1 to " + most);
  }

  static void require(boolean holds, String name, @Nullable Number value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException("%s is %s, expected %s".formatted(name, value, expected));
    }
  }

  /// Rows of the fused query, key and value projection.
  public int queryKeyValueRows() {
    return (heads + 2 * keyValueHeads) * headSize;
  }

  /// All learned numbers of the model: embedding, layers, final norm and output matrix.
  public long parameters() {
    long hidden = hiddenSize;
    long attention = hidden * queryKeyValueRows() + hidden * heads * headSize;
    long bias = queryKeyValueBias ? queryKeyValueRows() : 0;
    long feedForward = 3 * hidden * feedForwardSize; // gate, up and down
    long norms = blockType.norms() * hidden;
    long vocabularies = (tiedEmbeddings ? 1 : 2) * hidden * vocabularySize;
    return layers * (attention + bias + feedForward + norms) + vocabularies + hidden;
  }

  /// The same model with more or fewer layers.
  ModelConfig withLayers(int layers) {
    return with(layers, normEpsilon, rope, contextTokens, stopTokens);
  }

  ModelConfig withStopTokens(List<Integer> tokens) {
    return with(layers, normEpsilon, rope, contextTokens, tokens);
  }

  /// The same model under other settings; a null leaves what is.
  ///
  /// @throws IllegalArgumentException if a number is out of range
  ModelConfig with(ModelOverrides overrides) {
    Double base = overrides.ropeBase();
    Double epsilon = overrides.normEpsilon();
    Integer context = overrides.contextTokens();
    return with(
        layers,
        epsilon == null ? normEpsilon : epsilon.floatValue(),
        base == null ? rope : new RotarySettings(base, rope.rotatedSize(), rope.yarn()),
        context == null ? contextTokens : context,
        stopTokens);
  }

  private ModelConfig with(
      int layers,
      float normEpsilon,
      RotarySettings rope,
      int contextTokens,
      List<Integer> stopTokens) {
    return new ModelConfig(
        blockType,
        hiddenSize,
        layers,
        heads,
        keyValueHeads,
        headSize,
        feedForwardSize,
        vocabularySize,
        normEpsilon,
        rope,
        contextTokens,
        queryKeyValueBias,
        tiedEmbeddings,
        stopTokens);
  }
}
