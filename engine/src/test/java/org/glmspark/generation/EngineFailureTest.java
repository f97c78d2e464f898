package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.glmspark.model.Model;
import org.glmspark.model.ModelWeights;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tensor.Tensor;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.Vocabulary;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What is thrown in a step, and who gets it.
class EngineFailureTest {
  /// The last tokens of the model have no embedding.
  private static final int EMBEDDED = 300;

  private static final int BROKEN = 310;

  private static EngineOptions options() {
    return EngineOptions.defaults().withThreads(2).withKvCacheBytes(64 << 20);
  }

  private static Model with(Model model, ModelWeights weights, ChatTemplate template) {
    return new Model(
        model.path(),
        model.overrides(),
        model.digest(),
        model.config(),
        weights,
        model.tokenizer(),
        template,
        model.warnings(),
        model.files(),
        model.memory());
  }

  private static Model withoutSomeEmbeddings() {
    Model model = TinyModel.of(List.of());
    ModelWeights w = model.weights();
    Tensor all = w.embedding();
    long hidden = all.shape().getLast();
    var some =
        new Tensor(
            all.name(),
            all.file(),
            all.dtype(),
            List.of((long) EMBEDDED, hidden),
            all.data().asSlice(0, EMBEDDED * hidden * all.dtype().blockBytes()));
    return with(
        model,
        new ModelWeights(some, w.layers(), w.finalNorm(), w.output()),
        Objects.requireNonNull(model.chatTemplate()));
  }

  /// Throws where a completion becomes text.
  private record BrokenTokenizer(Tokenizer whole, Supplier<Error> failure) implements Tokenizer {
    @Override
    public Vocabulary vocabulary() {
      return whole.vocabulary();
    }

    @Override
    public int[] encode(String text) {
      return whole.encode(text);
    }

    @Override
    public String decode(int... tokens) {
      throw failure.get();
    }
  }

  private static Model withoutTexts(Supplier<Error> failure) {
    Model model = TinyModel.of(List.of());
    var broken = new BrokenTokenizer(Objects.requireNonNull(model.tokenizer()), failure);
    return with(model, model.weights(), ChatTemplate.of(ChatFormat.GLM_4, broken));
  }

  private static int[] prompt(int seed) {
    return new Random(seed).ints(30, 0, EMBEDDED).toArray();
  }

  private static GenerationRequest request(int[] prompt) {
    List<Integer> embedded = IntStream.range(0, EMBEDDED).boxed().toList();
    return new GenerationRequest(
        prompt, SamplingParameters.builder().maxTokens(30).allowedTokenIds(embedded).build());
  }

  private static void assertInternal(@Nullable RowError error, Class<?> cause) {
    assertThat(error).isNotNull();
    assertThat(error.sentence()).startsWith("internal error: " + cause.getName());
    assertThat(error.cause()).isInstanceOf(cause);
  }

  @Test
  void whoeverMakesAStepFailFailsAloneWithTheCause() {
    List<List<Integer>> expected = new ArrayList<>();
    try (GenerationEngine engine = new GenerationEngine(TinyModel.of(List.of()), options())) {
      for (int i = 0; i < 12; i++) {
        expected.add(engine.submit(request(prompt(i))).join().tokens());
      }
    }
    try (GenerationEngine engine = new GenerationEngine(withoutSomeEmbeddings(), options())) {
      List<CompletableFuture<GenerationResult>> results = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int[] prompt = prompt(i);
        if (i % 4 == 2) {
          prompt[29] = BROKEN;
        }
        results.add(engine.submit(request(prompt)));
      }
      for (int i = 0; i < 12; i++) {
        if (i % 4 == 2) {
          assertInternal(results.get(i).join().error(), IndexOutOfBoundsException.class);
        } else {
          assertThat(results.get(i).join().tokens()).isEqualTo(expected.get(i));
        }
      }
      var labels = new LabelRequest(prompt(1), List.of(new int[] {1, 2}, new int[] {BROKEN, 3}));
      assertInternal(engine.submit(labels).join().error(), IndexOutOfBoundsException.class);
      assertThat(engine.submit(request(prompt(3))).join().tokens()).isEqualTo(expected.get(3));
      assertThat(engine.stats().running()).isZero();
      assertThat(engine.stats().blocksUsed()).isZero();
    }
  }

  @Test
  void aRequestWhoseTextCannotBeReadFailsAlone() {
    Model model = withoutTexts(StackOverflowError::new); // as deep nesting can cause
    try (GenerationEngine engine = new GenerationEngine(model, options())) {
      var failing = engine.submit(request(prompt(1)));
      var other = new ScoringRequest(prompt(2), 1);
      assertThat(engine.submit(other).join().error()).isNull();
      assertInternal(failing.join().error(), StackOverflowError.class);
      assertThat(engine.submit(other).join().error()).isNull();
      assertThat(engine.stats().blocksUsed()).isZero();
    }
  }

  @Test
  void withoutMemoryAllRequestsFailAndNoneIsTaken() {
    Model model = withoutTexts(() -> new OutOfMemoryError("Java heap space"));
    try (GenerationEngine engine = new GenerationEngine(model, options().withMaxBatch(2))) {
      List<CompletableFuture<GenerationResult>> all = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        try {
          all.add(engine.submit(request(prompt(1))));
        } catch (IllegalStateException _) {
          break; // the first has failed already
        }
      }
      for (var result : all) {
        assertThatThrownBy(result::join)
            .hasRootCauseInstanceOf(OutOfMemoryError.class)
            .hasMessageContaining("the engine failed: java.lang.OutOfMemoryError: Java heap space");
      }
      assertThatThrownBy(() -> engine.submit(request(prompt(1))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "the engine takes no requests: the engine failed: java.lang.OutOfMemoryError: Java"
                  + " heap space");
    }
  }

  @Test
  void aModelThatIsClosedInUseFailsTheEngine() {
    Model model = TinyModel.of(List.of());
    try (GenerationEngine engine = new GenerationEngine(model, options())) {
      assertThat(engine.submit(request(prompt(1))).join().error()).isNull();
      model.close();
      assertThatThrownBy(engine.submit(request(prompt(1)))::join)
          .hasMessageContaining("the model was closed while in use");
      assertThatThrownBy(() -> engine.submit(request(prompt(1))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the model was closed while in use");
    }
  }

  private static List<Thread> threads() {
    Thread[] threads = new Thread[Thread.activeCount() + 16];
    int count = Thread.enumerate(threads);
    return Arrays.stream(threads, 0, count)
        .filter(thread -> thread.getName().startsWith("glm-"))
        .toList();
  }

  @Test
  void noThreadIsLeftAfterClosing() {
    List<Thread> before = threads();
    GenerationEngine engine =
        new GenerationEngine(TinyModel.of(List.of()), options().withThreads(4));
    assertThat(threads()).hasSize(before.size() + 4);
    var unfinished = engine.submit(request(prompt(1)));
    engine.close();
    assertThat(threads()).hasSameSizeAs(before);
    assertThat(unfinished).isDone();
  }
}
