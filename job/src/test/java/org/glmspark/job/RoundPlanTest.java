package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoundPlanTest {
  private static List<RoundPlan.Request> skewed(int count, long starts) {
    var random = new Random(7);
    return IntStream.range(0, count)
        .mapToObj(i ->
            new RoundPlan.Request(
                "%064x".formatted(random.nextLong()),
                (int) (20 + 4000 * Math.pow(random.nextDouble(), 6)),
                0,
                starts == 0 ? i : random.nextLong(starts)))
        .toList();
  }

  private static List<List<RoundPlan.Request>> shares(List<RoundPlan.Request> requests, int tasks) {
    Map<String, RoundPlan.Request> byKey =
        requests.stream().collect(Collectors.toMap(RoundPlan.Request::key, Function.identity()));
    List<List<RoundPlan.Request>> shares = new ArrayList<>();
    List<RoundPlan.Dealt> dealt = RoundPlan.deal(requests, tasks);
    for (int task = 0; task < tasks; task++) {
      int number = task;
      List<RoundPlan.Dealt> share =
          dealt.stream()
              .filter(one -> one.task() == number)
              .sorted(Comparator.comparingInt(RoundPlan.Dealt::place))
              .toList();
      assertThat(share)
          .extracting(RoundPlan.Dealt::place)
          .isEqualTo(IntStream.range(0, share.size()).boxed().toList());
      shares.add(share.stream().map(one -> byKey.get(one.key())).toList());
    }
    assertThat(shares.stream().mapToInt(List::size).sum()).isEqualTo(requests.size());
    return shares;
  }

  private static long tokens(List<RoundPlan.Request> share) {
    return share.stream().mapToLong(RoundPlan.Request::tokens).sum();
  }

  @Test
  void everyTaskGetsAsManyTokens() {
    List<RoundPlan.Request> requests = skewed(3000, 0);
    List<List<RoundPlan.Request>> shares = shares(requests, 8);

    long average = tokens(requests) / 8;
    assertThat(shares)
        .allSatisfy(
            share -> assertThat(tokens(share)).isBetween(average * 98 / 100, average * 102 / 100));
  }

  @Test
  void theLongestComeFirst() {
    for (List<RoundPlan.Request> share : shares(skewed(500, 0), 4)) {
      assertThat(share)
          .isSortedAccordingTo(Comparator.comparingInt(RoundPlan.Request::tokens).reversed());
    }
  }

  @Test
  void requestsThatBeginAlikeLieSideBySideInFewTasks() {
    for (List<RoundPlan.Request> share : shares(skewed(1000, 50), 4)) {
      var done = new HashSet<Long>();
      long last = -1;
      int restarts = 0;
      for (RoundPlan.Request request : share) {
        if (request.start() != last && !done.add(request.start())) {
          restarts++;
        }
        last = request.start();
      }
      assertThat(restarts).as("pieces beyond the first of a beginning").isLessThan(20);
      assertThat(done.size()).as("beginnings in one of four tasks").isLessThan(30);
    }
  }

  @Test
  void aBeginningThatAllHaveInCommonKeepsAllTasksBusy() {
    List<RoundPlan.Request> requests = skewed(2000, 1);
    List<List<RoundPlan.Request>> shares = shares(requests, 8);

    long average = tokens(requests) / 8;
    assertThat(shares)
        .allSatisfy(share -> assertThat(tokens(share)).isBetween(average * 3 / 4, average * 5 / 4));
  }

  @Test
  void theSameRequestsAreDealtInTheSameWayInWhateverOrder() {
    List<RoundPlan.Request> requests = skewed(300, 20);
    List<RoundPlan.Request> shuffled = new ArrayList<>(requests);
    Collections.shuffle(shuffled, new Random(1));

    assertThat(shares(shuffled, 3)).isEqualTo(shares(requests, 3));
  }

  @Test
  void moreTasksThanRequestsLeaveSomeIdle() {
    assertThat(shares(skewed(2, 0), 5).stream().filter(List::isEmpty)).hasSize(3);
    assertThat(RoundPlan.deal(List.of(), 3)).isEmpty();
  }
}
