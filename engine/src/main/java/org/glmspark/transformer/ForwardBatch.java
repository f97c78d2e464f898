package org.glmspark.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.glmspark.cache.BlockTable;

/// The tokens of one forward step: a run of consecutive tokens from each of several sequences.
public final class ForwardBatch {

  /// A run of consecutive tokens of one sequence.
  ///
  /// @param tokens ids of the whole sequence, shared
  /// @param firstPosition position of the run's first token
  /// @param count tokens of the run
  /// @param firstRow the step's row of the run's first token
  /// @param blocks where the sequence keeps its keys and values
  public record Segment(
      int[] tokens, int firstPosition, int count, int firstRow, BlockTable blocks) {}

  private final int maxTokens;
  private final List<Segment> segments = new ArrayList<>();
  private final List<Integer> logitRows = new ArrayList<>();
  private final List<Integer> hiddenRows = new ArrayList<>();
  private final boolean[] overflow;
  private int rows;

  /// @param maxTokens most tokens of the step
  public ForwardBatch(int maxTokens) {
    this.maxTokens = maxTokens;
    this.overflow = new boolean[maxTokens];
  }

  /// Adds a run whose logits nobody needs: a part of a prompt.
  ///
  /// @return the segment's number
  /// @throws IllegalArgumentException if the step has no room for it
  public int add(int[] tokens, int firstPosition, int count, BlockTable blocks) {
    if (count < 1 || rows + count > maxTokens) {
      throw new IllegalArgumentException(
          "%d tokens more than %d, at most %d".formatted(count, rows, maxTokens));
    }
    segments.add(new Segment(tokens, firstPosition, count, rows, blocks));
    rows += count;
    return segments.size() - 1;
  }

  /// Asks for the logits after each of the last `count` tokens added.
  ///
  /// @return the first of as many rows of the step's logits, which will hold them
  public int wantLogits(int count) {
    int first = logitRows.size();
    for (int row = rows - count; row < rows; row++) {
      logitRows.add(row);
    }
    return first;
  }

  /// Asks for the hidden states of the last `count` tokens added.
  ///
  /// @return the first of as many rows of [Transformer#hiddenStates], which will hold them
  public int wantHiddenStates(int count) {
    for (int row = rows - count; row < rows; row++) {
      hiddenRows.add(row);
    }
    return rows - count;
  }

  /// Tokens still to be added at most.
  public int room() {
    return maxTokens - rows;
  }

  /// Tokens of the step.
  public int rows() {
    return rows;
  }

  List<Segment> segments() {
    return segments;
  }

  List<Integer> logitRows() {
    return logitRows;
  }

  List<Integer> hiddenRows() {
    return hiddenRows;
  }

  /// The number of each row's segment.
  int[] segmentOfRow() {
    int[] numbers = new int[rows];
    for (int i = 0; i < segments.size(); i++) {
      Segment segment = segments.get(i);
      Arrays.fill(numbers, segment.firstRow(), segment.firstRow() + segment.count(), i);
    }
    return numbers;
  }

  /// Any thread may call.
  void reportOverflow(int row) {
    overflow[row] = true;
  }

  /// How many of the segment's tokens, from the first on, have keys and values that are finite in
  /// the cache's type; its sequence cannot go on after them.
  public int finiteTokens(int segment) {
    int count = 0;
    Segment tokens = segments.get(segment);
    while (count < tokens.count() && !overflow[tokens.firstRow() + count]) {
      count++;
    }
    return count;
  }
}
