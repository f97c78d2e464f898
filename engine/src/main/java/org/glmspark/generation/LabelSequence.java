package org.glmspark.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.glmspark.kernel.LogSumExp;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// The prompt of several labels. The logits after it say how probable each label's first token is;
/// for its other tokens a label goes on as a sequence of its own, from the prompt's blocks.
final class LabelSequence extends Sequence {
  private final LabelRequest request;
  private final CompletableFuture<LabelResult> future = new CompletableFuture<>();
  private final double[] sums;

  /// Labels whose sum is not complete.
  private int open;

  LabelSequence(LabelRequest request) {
    super(request.promptTokens().length);
    this.request = request;
    this.sums = new double[request.labels().size()];
    this.open = sums.length;
  }

  @Override
  CompletableFuture<LabelResult> future() {
    return future;
  }

  @Override
  int[] tokens() {
    return request.promptTokens();
  }

  @Override
  int length() {
    return limit();
  }

  @Override
  int firstUnread() {
    return limit() - 1;
  }

  /// Reads the logits after the prompt.
  void read(FloatMatrix logits, int row) {
    int offset = logits.offset(row);
    double logSum = LogSumExp.of(logits.values(), offset, logits.columns());
    for (int i = 0; i < sums.length; i++) {
      sums[i] = logits.values()[offset + request.labels().get(i)[0]] - logSum;
    }
  }

  /// Whether the logits after the prompt were finite.
  boolean finite() {
    return Arrays.stream(sums).noneMatch(Double::isNaN);
  }

  /// The labels of more than one token, each after the prompt. When the last of them is scored,
  /// this request is complete; it is so at once if there are none. When its caller gives up, so do
  /// they.
  List<ScoredSequence> labels() {
    List<ScoredSequence> labels = new ArrayList<>();
    for (int i = 0; i < sums.length; i++) {
      int[] label = request.labels().get(i);
      if (label.length == 1) {
        open--;
      } else {
        labels.add(label(i, label));
      }
    }
    return labels;
  }

  private ScoredSequence label(int number, int[] label) {
    int prompt = limit();
    int[] tokens = Arrays.copyOf(tokens(), prompt + label.length);
    System.arraycopy(label, 0, tokens, prompt, label.length);
    ScoredSequence sequence = new ScoredSequence(new ScoringRequest(tokens, prompt + 1));
    var _ = sequence.future().whenComplete((result, failure) -> add(number, result, failure));
    var _ = future.whenComplete((_, _) -> sequence.future().cancel(false));
    return sequence;
  }

  private void add(int number, @Nullable ScoringResult result, @Nullable Throwable failure) {
    if (result == null) {
      future.completeExceptionally(failure);
    } else if (result.error() != null) {
      fail(result.error());
    } else {
      sums[number] += result.sum();
      open--;
      if (open == 0) {
        complete();
      }
    }
  }

  void complete() {
    future.complete(new LabelResult(Arrays.stream(sums).boxed().toList(), null, usage()));
  }

  void fail(RowError error) {
    future.complete(new LabelResult(List.of(), error, usage()));
  }

  private GenerationResult.Usage usage() {
    return new GenerationResult.Usage(limit(), cached(), 0);
  }
}
