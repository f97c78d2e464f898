package org.glmspark.generation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The sequences that wait for a place in the batch, and which of them is next.
///
/// Those that had a place and lost it come first, in the order in which they first got it. Then the
/// longest come first: what is left for the end are short ones, which fill a batch evenly. But
/// every fourth place goes to the one that came first, so a sequence that finds `n` others here is
/// overtaken by at most `3 · (n + 1)` that come later. Belongs to the stepping thread.
final class AdmissionQueue {
  private static final int OLDEST_EVERY = 4;

  private final TreeSet<Sequence> returning =
      new TreeSet<>(Comparator.comparingLong(Sequence::order));
  private final LinkedHashSet<Sequence> arrived = new LinkedHashSet<>();
  private final TreeSet<Sequence> longest =
      new TreeSet<>(
          Comparator.comparingInt(Sequence::length).reversed().thenComparingLong(Sequence::order));
  private long orders;

  /// Of the next place, among each four.
  private int turn;

  /// A new one.
  void add(Sequence sequence) {
    sequence.setOrder(orders++);
    arrived.add(sequence);
    longest.add(sequence);
  }

  /// One that had a place and is to get another.
  void giveBack(Sequence sequence) {
    returning.add(sequence);
  }

  /// A part of one that has a place, which needs one of its own.
  void addPart(Sequence part) {
    part.setOrder(orders++);
    returning.add(part);
  }

  /// Who is to get the next place; null if nobody waits.
  @Nullable Sequence next() {
    if (!returning.isEmpty()) {
      return returning.first();
    }
    if (arrived.isEmpty()) {
      return null;
    }
    return turn == OLDEST_EVERY - 1 ? arrived.getFirst() : longest.first();
  }

  /// Takes [#next] out: it gets the place.
  void admit(Sequence next) {
    if (!returning.remove(next)) {
      remove(next);
      next.setOrder(orders++);
      turn = (turn + 1) % OLDEST_EVERY;
    }
  }

  private void remove(Sequence sequence) {
    arrived.remove(sequence);
    longest.remove(sequence);
  }

  /// Takes out and ends those whose caller waits no more.
  void dropCancelled() {
    drop(returning.stream());
    drop(arrived.stream());
  }

  private void drop(Stream<Sequence> waiting) {
    for (Sequence sequence : waiting.filter(s -> s.future().isDone()).toList()) {
      returning.remove(sequence);
      remove(sequence);
      sequence.end();
    }
  }

  /// Takes the cache blocks of the last one that holds some; it computes their tokens again when it
  /// has a place.
  ///
  /// @param spared keeps its blocks
  /// @return false if no other holds any
  boolean preemptLast(Sequence spared) {
    for (Sequence sequence : returning.descendingSet()) {
      if (sequence.holdsBlocks() && sequence != spared) {
        sequence.preempt();
        return true;
      }
    }
    return false;
  }

  boolean isEmpty() {
    return returning.isEmpty() && arrived.isEmpty();
  }

  int size() {
    return returning.size() + arrived.size();
  }

  /// Takes all out.
  List<Sequence> drain() {
    List<Sequence> all = new ArrayList<>(returning);
    all.addAll(arrived);
    returning.clear();
    arrived.clear();
    longest.clear();
    return all;
  }
}
