package org.glmspark.job;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/// Deals requests to tasks: equal numbers of tokens to each, the longest first, and requests that
/// begin alike side by side, so that they share what the engine computed for the beginning.
final class RoundPlan {
  /// A group of requests that begin alike is dealt in pieces of at most this part of a task's
  /// share: a beginning that all have in common must not make one task of them.
  private static final int PIECES_OF_A_SHARE = 4;

  private RoundPlan() {}

  /// A request, as far as it matters here.
  ///
  /// @param key its id
  /// @param tokens of its prompt
  /// @param mostTokens what prompt and completion may come to
  /// @param start equal for prompts that begin alike
  record Request(String key, int tokens, long mostTokens, long start) {
    long cost() {
      return 1L + tokens;
    }
  }

  /// Where a request goes.
  ///
  /// @param task from 0
  /// @param place among the task's requests, from 0
  record Dealt(String key, int task, int place) {}

  /// Requests that go to the same task, side by side, the longest first.
  private record Piece(List<Request> requests, long cost) {
    int longest() {
      return requests.getFirst().tokens();
    }
  }

  /// What a task has been dealt so far.
  private static final class Share {
    final int task;
    final List<Piece> pieces = new ArrayList<>();
    long cost;

    Share(int task) {
      this.task = task;
    }

    void add(Piece piece) {
      pieces.add(piece);
      cost += piece.cost();
    }
  }

  /// Deals requests, each key once. The same requests are dealt in the same way, in whatever order
  /// they come.
  ///
  /// @param tasks how many there are to deal to, 1 or more
  static List<Dealt> deal(List<Request> requests, int tasks) {
    PriorityQueue<Share> shares =
        new PriorityQueue<>(
            Comparator.<Share>comparingLong(share -> share.cost)
                .thenComparingInt(share -> share.task));
    for (int task = 0; task < tasks; task++) {
      shares.add(new Share(task));
    }
    for (Piece piece : pieces(requests, tasks)) {
      Share least = shares.remove();
      least.add(piece);
      shares.add(least);
    }
    List<Dealt> dealt = new ArrayList<>(requests.size());
    for (Share share : shares) {
      int place = 0;
      for (Piece piece : share.pieces) {
        for (Request request : piece.requests()) {
          dealt.add(new Dealt(request.key(), share.task, place++));
        }
      }
    }
    return dealt;
  }

  /// The pieces to deal, those with the longest requests first.
  private static List<Piece> pieces(List<Request> requests, int tasks) {
    long all = requests.stream().mapToLong(Request::cost).sum();
    long most = Math.max(1, all / ((long) tasks * PIECES_OF_A_SHARE));
    List<Request> ordered = new ArrayList<>(requests);
    ordered.sort(Comparator.comparingInt(Request::tokens).reversed().thenComparing(Request::key));
    Map<Long, List<Request>> alike = new HashMap<>();
    ordered.forEach(
        request -> alike.computeIfAbsent(request.start(), _ -> new ArrayList<>()).add(request));
    List<Piece> pieces = new ArrayList<>();
    alike.values().forEach(group -> cut(group, most, pieces));
    pieces.sort(
        Comparator.comparingInt(Piece::longest)
            .reversed()
            .thenComparing(piece -> piece.requests().getFirst().key()));
    return pieces;
  }

  private static void cut(List<Request> group, long most, List<Piece> pieces) {
    List<Request> piece = new ArrayList<>();
    long cost = 0;
    for (Request request : group) {
      if (!piece.isEmpty() && cost + request.cost() > most) {
        pieces.add(new Piece(piece, cost));
        piece = new ArrayList<>();
        cost = 0;
      }
      piece.add(request);
      cost += request.cost();
    }
    pieces.add(new Piece(piece, cost));
  }
}
