package org.glmspark.generation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.glmspark.cache.BlockPool;
import org.glmspark.cache.BlockTable;
import org.glmspark.cache.PagedKvCache;

/// The sequences that have a place in the batch, those that wait for one, and who of them holds
/// which part of the cache.
///
/// A sequence gets a place when there are blocks for all its tokens so far, and one more for each
/// sequence that runs. From then on it takes blocks as it grows. When none is left, the one that
/// got its place last gives back its blocks and its place; it returns before any new one, and what
/// it had computed is computed again. So the one that got its place first always goes on: it fits
/// the cache alone, or would have been refused. Belongs to the stepping thread.
final class RunningBatch {
  private final PagedKvCache cache;
  private final BlockPool blocks;
  private final PrefixCache prefixCache;
  private final int maxBatch;
  private final AdmissionQueue queue = new AdmissionQueue();

  /// By [Sequence#order].
  private final List<Sequence> running = new ArrayList<>();

  private long prefixTokens;
  private long preemptions;

  /// @param maxBatch most sequences that run at once
  RunningBatch(PagedKvCache cache, PrefixCache prefixCache, int maxBatch) {
    this.cache = cache;
    this.blocks = cache.pool();
    this.prefixCache = prefixCache;
    this.maxBatch = maxBatch;
  }

  /// Adds one that waits.
  void add(Sequence sequence) {
    queue.add(sequence);
  }

  /// Adds one that goes on where a running one is.
  void fork(Sequence running, Sequence part) {
    part.forkFrom(running);
    queue.addPart(part);
  }

  /// Those that have a place, who got it first at the front. Shared, not copied.
  List<Sequence> running() {
    return running;
  }

  /// Sequences that wait for a place.
  int waiting() {
    return queue.size();
  }

  boolean isEmpty() {
    return running.isEmpty() && queue.isEmpty();
  }

  /// Tokens that were not computed because another sequence had done so.
  long prefixTokens() {
    return prefixTokens;
  }

  int blocksUsed() {
    return blocks.blocks() - blocks.free();
  }

  int blocksTotal() {
    return blocks.blocks();
  }

  /// How often a sequence lost its place.
  long preemptions() {
    return preemptions;
  }

  /// Prepares a step: cancelled sequences leave, those that run get the blocks for their next
  /// token, and others get the places that are free.
  void update() {
    dropCancelled();
    grow();
    admit();
  }

  private void dropCancelled() {
    queue.dropCancelled();
    for (Sequence sequence : running) {
      if (sequence.future().isDone()) {
        sequence.end();
      }
    }
    removeEnded();
  }

  void removeEnded() {
    running.removeIf(Sequence::ended);
  }

  private void grow() {
    for (int i = 0; i < running.size(); i++) { // preemption takes from the end, up to this one
      Sequence sequence = running.get(i);
      while (i < running.size() && !sequence.blocks().grow(sequence.length())) {
        if (!queue.preemptLast(sequence)) {
          preempt(running.removeLast());
        }
      }
    }
  }

  /// Takes the blocks for tokens that a sequence may turn out not to have, if that takes none from
  /// the others.
  boolean growBeyond(Sequence sequence, int tokens) {
    BlockTable table = sequence.blocks();
    return table.missing(tokens) + running.size() <= blocks.free() && table.grow(tokens);
  }

  private void preempt(Sequence sequence) {
    sequence.preempt();
    queue.giveBack(sequence);
    preemptions++;
  }

  private void admit() {
    while (running.size() < maxBatch) {
      Sequence next = queue.next();
      if (next == null || !takeBlocks(next)) {
        return; // whoever is next goes next: a smaller one behind it would starve it
      }
      queue.admit(next);
      int place =
          Collections.binarySearch(running, next, Comparator.comparingLong(Sequence::order));
      running.add(-place - 1, next);
      next.start();
    }
  }

  /// Takes the blocks for all its tokens so far; if there are too few, it holds what it held
  /// before.
  private boolean takeBlocks(Sequence sequence) {
    boolean held = sequence.holdsBlocks();
    BlockTable table = sequence.blocks(blocks);
    int computed = sequence.computed();
    takeKnown(sequence);
    while (!fits(sequence, table)) {
      if (!running.isEmpty()) {
        if (!held) {
          sequence.preempt();
        }
        return false;
      }
      if (!queue.preemptLast(sequence)) {
        throw new IllegalStateException(
            "%d tokens, %d free blocks of %d, and nobody else holds one"
                .formatted(sequence.length(), blocks.free(), blocks.blocks()));
      }
    }
    prefixTokens += sequence.computed() - computed;
    table.reserve(sequence.length());
    cache.makeWritable(table, sequence.computed());
    return true;
  }

  private boolean fits(Sequence sequence, BlockTable table) {
    int copies = table.isShared(sequence.computed()) ? 1 : 0;
    return table.missing(sequence.length()) + copies + running.size() <= blocks.free();
  }

  /// Takes what others have computed of a sequence's next tokens, except where its logits are
  /// wanted.
  private void takeKnown(Sequence sequence) {
    if (prefixCache == PrefixCache.ON) {
      sequence.skipTo(
          sequence
              .blocks()
              .takeKnown(sequence.tokens(), sequence.computed(), sequence.firstUnread()));
    }
  }

  /// Looks what others have computed of a sequence's next tokens since it got its place.
  void takeWhatIsKnown(Sequence sequence) {
    int computed = sequence.computed();
    takeKnown(sequence);
    prefixTokens += sequence.computed() - computed;
  }

  /// Others may take what a sequence has computed.
  void makeKnown(Sequence sequence) {
    if (prefixCache == PrefixCache.ON) {
      sequence.blocks().makeKnown(sequence.tokens(), sequence.computed());
    }
  }

  /// Takes out and ends all.
  List<Sequence> drain() {
    List<Sequence> all = queue.drain();
    all.addAll(running);
    running.clear();
    all.forEach(Sequence::end);
    return all;
  }
}
