package org.glmspark.generation;

import java.util.concurrent.CompletableFuture;
import org.glmspark.cache.BlockPool;
import org.glmspark.cache.BlockTable;
import org.jspecify.annotations.Nullable;

/// One request on its way through the steps: its tokens, how many of them the cache holds, and who
/// waits for it. Belongs to the stepping thread.
abstract sealed class Sequence
    permits GeneratedSequence, ScoredSequence, LabelSequence, PooledSequence {
  private final int limit;
  private int computed;
  private int cached;
  private boolean started;
  private long startedNanos;
  private boolean preempted;
  private boolean ended;
  private @Nullable BlockTable blocks;

  private long order;

  /// @param limit most tokens whose keys and values it may store
  Sequence(int limit) {
    this.limit = limit;
  }

  /// What the caller waits for.
  abstract CompletableFuture<?> future();

  /// All tokens so far, as far as they exist. Shared with the batch.
  abstract int[] tokens();

  /// Tokens that can be computed so far.
  abstract int length();

  /// The first token of which a row, its logits or hidden state, is still to be read; so are those
  /// of all after it.
  abstract int firstUnread();

  /// Longest this sequence can become.
  final int limit() {
    return limit;
  }

  /// Tokens that are to be computed and are not yet.
  final int pending() {
    return length() - computed;
  }

  /// Of how many of the next `count` tokens a row is to be read: they are the last of them.
  final int rowsOf(int count) {
    return Math.max(0, computed + count - Math.max(computed, firstUnread()));
  }

  /// Whether its next token was drawn by the model and all before it are computed: it takes part in
  /// every step.
  boolean decoding() {
    return false;
  }

  /// Lower for those that came before others: while it waits for its first place, in order of
  /// arrival, from then on in order of these places.
  final long order() {
    return order;
  }

  final void setOrder(long order) {
    this.order = order;
  }

  /// Tokens whose keys and values are in the cache.
  final int computed() {
    return computed;
  }

  /// How many of them another sequence had computed, before this one ever lost its blocks.
  final int cached() {
    return cached;
  }

  /// Whether it has cache blocks.
  final boolean holdsBlocks() {
    return blocks != null;
  }

  /// Its cache blocks; none at first.
  final BlockTable blocks(BlockPool pool) {
    if (blocks == null) {
      blocks = new BlockTable(pool);
    }
    return blocks;
  }

  final BlockTable blocks() {
    if (blocks == null) {
      throw new IllegalStateException("the sequence holds no blocks");
    }
    return blocks;
  }

  /// It takes part in steps from now on.
  final void start() {
    if (!started) {
      started = true;
      startedNanos = System.nanoTime();
      cached = computed;
    }
  }

  /// Whether it ever took part in a step.
  final boolean started() {
    return started;
  }

  /// When it did so first; 0 if it never did.
  final long startedNanos() {
    return startedNanos;
  }

  /// Tokens were computed.
  final void advance(int count) {
    computed += count;
  }

  /// The next tokens are not computed: another sequence has done so.
  ///
  /// @param position how many of its tokens have their keys and values in its blocks now
  final void skipTo(int position) {
    if (started && !preempted) {
      cached += position - computed;
    }
    computed = position;
  }

  /// Goes on where another sequence is, whose tokens are the first of this one.
  final void forkFrom(Sequence other) {
    blocks = other.blocks().fork();
    computed = other.computed;
  }

  /// Gives the cache blocks back to compute their tokens again later. What was drawn stays.
  final void preempt() {
    preempted = started;
    letGo();
    computed = 0;
  }

  /// Gives the cache blocks back; the sequence takes part in no further step.
  final void end() {
    ended = true;
    letGo();
  }

  private void letGo() {
    if (blocks != null) {
      blocks.close();
      blocks = null;
    }
  }

  final boolean ended() {
    return ended;
  }
}
