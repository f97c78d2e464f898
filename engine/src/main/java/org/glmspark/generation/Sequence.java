package org.glmspark.generation;

import java.util.concurrent.CompletableFuture;
import org.glmspark.cache.BlockPool;
import org.glmspark.cache.BlockTable;
import org.glmspark.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// One request on its way through the steps: its tokens, how many of them the cache holds, and who
/// waits for it. Belongs to the stepping thread.
abstract sealed class Sequence permits GeneratedSequence, ScoredSequence {
  private final int limit;
  private int computed;
  private boolean ended;
  private @Nullable BlockTable blocks;

  /// @param limit most tokens whose keys and values it may store
  Sequence(int limit) {
    this.limit = limit;
  }

  /// What the caller waits for.
  abstract CompletableFuture<?> future();

  /// All tokens so far, as far as they exist. Shared with the batch.
  abstract int[] tokens();

  /// Tokens that are to be computed and are not yet.
  abstract int pending();

  /// How many of the next `count` tokens need logits: they are the last of them.
  abstract int logitsOf(int count);

  /// Whether its next token was drawn by the model: it takes part in every step.
  abstract boolean decoding();

  /// Reads a row of logits, which it may change. Several rows of one sequence may be read at once.
  ///
  /// @param row of the logits
  /// @param position of the token after which they stand
  abstract void read(FloatMatrix logits, int row, int position);

  /// Longest this sequence can become: cache blocks are reserved for so many tokens.
  final int limit() {
    return limit;
  }

  /// Tokens whose keys and values are in the cache.
  final int computed() {
    return computed;
  }

  final BlockTable blocks() {
    if (blocks == null) {
      throw new IllegalStateException("the sequence has not started");
    }
    return blocks;
  }

  final boolean started() {
    return blocks != null;
  }

  void start(BlockPool pool) {
    blocks = BlockTable.reserve(pool, limit);
  }

  final void advance(int count) {
    computed += count;
  }

  /// Gives the cache blocks back; the sequence takes part in no further step.
  final void end() {
    ended = true;
    if (blocks != null) {
      blocks.close();
    }
  }

  final boolean ended() {
    return ended;
  }
}
