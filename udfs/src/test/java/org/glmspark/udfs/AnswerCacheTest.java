package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class AnswerCacheTest {
  private final AnswerCache cache = new AnswerCache(10);

  /// What was submitted, in order.
  private final List<CompletableFuture<String>> submitted = new ArrayList<>();

  private AnswerCache.Shared<String> ask(String key) {
    return cache.answer(
        key,
        String::length,
        () -> {
          var answer = new CompletableFuture<String>();
          submitted.add(answer);
          return answer;
        });
  }

  @Test
  void answersEqualRequestsOnceWhileTheFirstIsUnderWayAndAfter() {
    AnswerCache.Shared<String> first = ask("a");
    AnswerCache.Shared<String> second = ask("a");
    submitted.getFirst().complete("one");
    AnswerCache.Shared<String> third = ask("a");

    assertThat(submitted).hasSize(1);
    assertThat(List.of(first.join(), second.join(), third.join())).containsOnly("one");
    assertThat(List.of(first.repeated(), second.repeated(), third.repeated()))
        .containsExactly(false, true, true);
    assertThat(cache.asked()).isEqualTo(3);
    assertThat(cache.computed()).isEqualTo(1);
  }

  @Test
  void forgetsWhatWasNotAskedForTheLongestTime() {
    var _ = ask("a");
    var _ = ask("b");
    submitted.get(0).complete("1234");
    submitted.get(1).complete("1234");
    var _ = ask("a");
    var _ = ask("c");
    submitted.get(2).complete("1234");

    assertThat(ask("a").repeated()).isTrue();
    assertThat(ask("b").repeated()).isFalse();
  }

  @Test
  void withdrawsARequestOnlyWhenNobodyWaitsForIt() {
    AnswerCache.Shared<String> first = ask("a");
    AnswerCache.Shared<String> second = ask("a");

    first.cancel(true);
    assertThat(submitted.getFirst()).isNotCancelled();
    first.cancel(true); // counts once
    assertThat(submitted.getFirst()).isNotCancelled();
    second.cancel(true);

    assertThat(submitted.getFirst()).isCancelled();
    assertThat(ask("a").repeated()).isFalse();
  }

  @Test
  void doesNotKeepFailures() {
    AnswerCache.Shared<String> first = ask("a");
    submitted.getFirst().completeExceptionally(new IllegalStateException("closed"));

    assertThat(first).isCompletedExceptionally();
    assertThat(ask("a").repeated()).isFalse();
  }

  @Test
  void keepsNothingThatIsLargerThanItMayBe() {
    var _ = ask("a");
    submitted.getFirst().complete("longer than ten");

    assertThat(ask("a").repeated()).isFalse();
  }
}
