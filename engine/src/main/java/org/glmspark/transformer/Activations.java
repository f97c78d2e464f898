package org.glmspark.transformer;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.kernel.MatMul;
import org.glmspark.kernel.PagedAttention;
import org.glmspark.kernel.Q8Activations;
import org.glmspark.model.ModelConfig;
import org.glmspark.tensor.FloatMatrix;

/// The memory of one forward step, allocated once and used again by every layer and step. Each
/// matrix has one row a token.
final class Activations {
  /// The residual stream.
  final FloatMatrix hidden;

  /// The normalised input of a branch.
  final FloatMatrix normed;

  /// The output of a branch, before it is added to the residual stream.
  final FloatMatrix branch;

  /// Queries, keys and values of all heads.
  final FloatMatrix queryKeyValue;

  /// Cosines and sines of the rows' positions.
  final FloatMatrix angles;

  /// The heads' outputs, side by side.
  final FloatMatrix attended;

  final FloatMatrix gateUp;
  final FloatMatrix gated;

  /// Rows whose logits are wanted, after the final norm.
  final FloatMatrix last;

  final FloatMatrix logits;
  private final List<FloatMatrix> tokenRows;

  /// The input of a product with quantised weights.
  final Q8Activations quantized;

  /// By worker number.
  final float[][] panels;

  /// By worker number.
  final List<PagedAttention.Scratch> attentionScratch = new ArrayList<>();

  Activations(ModelConfig config, int maxTokens, int maxLogitRows, int threads) {
    hidden = new FloatMatrix(maxTokens, config.hiddenSize());
    normed = new FloatMatrix(maxTokens, config.hiddenSize());
    branch = new FloatMatrix(maxTokens, config.hiddenSize());
    queryKeyValue = new FloatMatrix(maxTokens, config.queryKeyValueRows());
    angles = new FloatMatrix(maxTokens, config.rope().rotatedSize());
    attended = new FloatMatrix(maxTokens, config.heads() * config.headSize());
    gateUp = new FloatMatrix(maxTokens, 2 * config.feedForwardSize());
    gated = new FloatMatrix(maxTokens, config.feedForwardSize());
    last = new FloatMatrix(maxLogitRows, config.hiddenSize());
    logits = new FloatMatrix(maxLogitRows, config.vocabularySize());
    tokenRows = List.of(hidden, normed, branch, queryKeyValue, angles, attended, gateUp, gated);
    quantized =
        new Q8Activations(
            Math.max(maxTokens, maxLogitRows),
            Math.max(config.feedForwardSize(), Math.max(hidden.columns(), attended.columns())));
    panels = new float[threads][MatMul.SCRATCH_FLOATS];
    for (int i = 0; i < threads; i++) {
      attentionScratch.add(
          new PagedAttention.Scratch(config.heads() / config.keyValueHeads(), config.headSize()));
    }
  }

  void useRows(int tokens, int logitRows) {
    tokenRows.forEach(matrix -> matrix.useRows(tokens));
    last.useRows(logitRows);
    logits.useRows(logitRows);
  }
}
