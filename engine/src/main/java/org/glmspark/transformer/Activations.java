package org.glmspark.transformer;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.kernel.AttentionQueries;
import org.glmspark.kernel.PagedAttention;
import org.glmspark.kernel.SoftmaxStates;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.model.ModelConfig;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// The memory of one forward step, allocated once and used again by every layer and step. Each
/// matrix has one row a token.
final class Activations {
  /// Attention is shared out so finely that a thread gets this many parts or more, or parts of one
  /// span.
  static final int PARTS_OF_A_THREAD = 4;

  private static final int SPANS_AT_ONCE = 2;

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

  /// By worker number.
  final List<PagedAttention.Scratch> attentionScratch = new ArrayList<>();

  /// Of the parts of attention that are shared out by spans: each is more than one of
  /// `PARTS_OF_A_THREAD · threads` equal shares of the work, so there are fewer than that.
  final SoftmaxStates attentionTotals;

  /// Of some spans of each of these parts.
  final SoftmaxStates attentionSpans;

  Activations(
      ModelConfig config,
      int maxTokens,
      int maxLogitRows,
      int threads,
      @Nullable FloatKernels assembled) {
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
    int group = config.heads() / config.keyValueHeads();
    for (int i = 0; i < threads; i++) {
      attentionScratch.add(new PagedAttention.Scratch(group, config.headSize(), assembled));
    }
    int states =
        PARTS_OF_A_THREAD
            * threads
            * SoftmaxStates.required(Math.min(maxTokens, AttentionQueries.MAX_ROWS) * group);
    attentionTotals = new SoftmaxStates(states, config.headSize());
    attentionSpans = new SoftmaxStates(SPANS_AT_ONCE * states, config.headSize());
  }

  void useRows(int tokens, int logitRows) {
    tokenRows.forEach(matrix -> matrix.useRows(tokens));
    last.useRows(logitRows);
    logits.useRows(logitRows);
  }
}
