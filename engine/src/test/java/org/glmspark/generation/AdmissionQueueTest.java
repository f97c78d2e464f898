package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdmissionQueueTest {
  private final AdmissionQueue queue = new AdmissionQueue();

  private Sequence add(int length) {
    Sequence sequence = new LabelSequence(new LabelRequest(new int[length], List.of(new int[1])));
    queue.add(sequence);
    return sequence;
  }

  private Sequence admit() {
    Sequence next = queue.next();
    assertThat(next).isNotNull();
    queue.admit(next);
    return next;
  }

  @Test
  void theLongestComeFirstAndOfEqualOnesTheFirst() {
    Sequence first = add(10);
    Sequence longest = add(30);
    Sequence equal = add(30);
    assertThat(List.of(admit(), admit(), admit())).containsExactly(longest, equal, first);
    assertThat(queue.next()).isNull();
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void aShortOneIsNotOvertakenForEver() {
    for (int older = 0; older < 20; older++) {
      add(5);
    }
    Sequence shortest = add(1);
    List<Sequence> admitted = new ArrayList<>();
    while (!admitted.contains(shortest)) {
      add(1000);
      admitted.add(admit());
    }
    assertThat(admitted).hasSize(21 + 3 * 21);
  }

  @Test
  void thoseThatLostTheirPlaceReturnInTheirOrderBeforeAllOthers() {
    Sequence first = add(10);
    Sequence second = add(9);
    assertThat(List.of(admit(), admit())).containsExactly(first, second);
    add(50);
    queue.giveBack(second);
    queue.giveBack(first);
    assertThat(queue.size()).isEqualTo(3);
    assertThat(List.of(admit(), admit())).containsExactly(first, second);
  }

  @Test
  void thoseNobodyWaitsForLeave() {
    Sequence cancelled = add(50);
    Sequence other = add(10);
    Sequence returning = add(40);
    assertThat(queue.next()).isSameAs(cancelled);
    cancelled.future().cancel(true);
    queue.dropCancelled();
    assertThat(admit()).isSameAs(returning);
    queue.giveBack(returning);
    returning.future().cancel(true);
    queue.dropCancelled();
    assertThat(cancelled.ended()).isTrue();
    assertThat(returning.ended()).isTrue();
    assertThat(admit()).isSameAs(other);
  }
}
