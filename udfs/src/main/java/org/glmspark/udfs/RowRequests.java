package org.glmspark.udfs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.LabelRequest;
import org.glmspark.generation.LabelResult;
import org.glmspark.generation.PoolingRequest;
import org.glmspark.generation.PoolingResult;
import org.glmspark.generation.TokenListener;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// What one call for one row asks of its model: any number of requests, from any thread, one after
/// the other or at once, all withdrawn together if the row is given up.
public final class RowRequests {
  /// What a result holds besides its text and tokens, roughly, in bytes.
  private static final int RESULT_BYTES = 400;

  private final OpenModel model;
  private final AnswerCache cache;
  private final List<AnswerCache.Shared<?>> asked = new ArrayList<>();
  private final @Nullable TokenListener listener;
  private boolean withdrawn;

  public RowRequests(OpenModel model, AnswerCache cache) {
    this(model, cache, null);
  }

  /// @param listener hears of the tokens of completions, or null
  RowRequests(OpenModel model, AnswerCache cache, @Nullable TokenListener listener) {
    this.model = model;
    this.cache = cache;
    this.listener = listener;
  }

  /// The model that is asked.
  public OpenModel model() {
    return model;
  }

  /// Asks for a completion of any form.
  public CompletableFuture<GenerationResult> generate(int[] prompt, SamplingParameters sampling) {
    return generate(prompt, sampling, null);
  }

  /// Asks for a completion.
  ///
  /// @param format what form it must have, or null for any
  public CompletableFuture<GenerationResult> generate(
      int[] prompt, SamplingParameters sampling, @Nullable AnswerFormat format) {
    return generate(new GenerationRequest(prompt, sampling, format));
  }

  /// Asks for a completion.
  public CompletableFuture<GenerationResult> generate(GenerationRequest request) {
    AnswerCache.Shared<GenerationResult> answer =
        ask(model.engine().requestId(request), RowRequests::bytes, () -> submit(request));
    return answer.repeated() ? answer.thenApply(GenerationResult::repeated) : answer;
  }

  private CompletableFuture<GenerationResult> submit(GenerationRequest request) {
    return listener == null
        ? model.engine().submit(request)
        : model.engine().submit(request, listener);
  }

  /// Asks how probable each of some answers is.
  ///
  /// The answers begin where the model's template says that an answer does, and count with the
  /// token that ends them.
  ///
  /// @param labels the texts of the answers
  public CompletableFuture<LabelResult> score(int[] prompt, List<String> labels) {
    int[] asked = concat(prompt, model.template().answerPrefix());
    int[] end = {model.endOfAnswer()};
    List<int[]> answers =
        labels.stream().map(label -> concat(model.tokenizer().encode(label), end)).toList();
    List<int[]> all = new ArrayList<>(List.of(asked));
    all.addAll(answers);
    return ask(
        RequestKey.of("labels", model.engine(), all),
        result -> RESULT_BYTES + 20L * result.logProbabilities().size(),
        () -> model.engine().submit(new LabelRequest(asked, answers)));
  }

  /// Asks how the model reads a text.
  ///
  /// @param text that has tokens
  public CompletableFuture<PoolingResult> pool(String text) {
    int[] prefix = model.template().prefix();
    int[] tokens = concat(prefix, model.tokenizer().encode(text));
    return ask(
        RequestKey.of("mean", model.engine(), List.of(tokens)),
        result -> RESULT_BYTES + 4L * result.mean().length,
        () -> model.engine().submit(new PoolingRequest(tokens, prefix.length, tokens.length)));
  }

  private static int[] concat(int[] first, int[] second) {
    int[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static long bytes(GenerationResult result) {
    return RESULT_BYTES
        + 2L * result.text().length()
        + 20L * result.tokens().size()
        + 1000L * result.logProbabilities().size();
  }

  private <T> AnswerCache.Shared<T> ask(
      String key, ToLongFunction<T> size, Supplier<CompletableFuture<T>> submission) {
    AnswerCache.Shared<T> answer =
        cache.answer(key, size, () -> LookAhead.Asked.submit(submission));
    synchronized (asked) {
      asked.add(answer);
      if (withdrawn) {
        answer.cancel(true);
      }
    }
    return answer;
  }

  /// Takes back what is under way; whatever is asked from now on is cancelled at once.
  public void withdraw() {
    List<AnswerCache.Shared<?>> open;
    synchronized (asked) {
      withdrawn = true;
      open = List.copyOf(asked);
    }
    open.forEach(answer -> answer.cancel(true));
  }

  /// What a row's requests cost.
  ///
  /// @param calls requests that the engine was asked for
  /// @param repeatedCalls those whose answer was known, or already under way; they cost nothing
  ///   else
  /// @param promptTokens of the others' prompts
  /// @param cachedTokens those of them that the engine's prefix cache held
  /// @param completionTokens generated for them
  /// @param prefillMillis time from their first step to their first token
  /// @param decodeMillis time from there to their end
  public record Cost(
      int calls,
      int repeatedCalls,
      long promptTokens,
      long cachedTokens,
      long completionTokens,
      double prefillMillis,
      double decodeMillis) {
    private static final GenerationResult.Usage NOTHING = new GenerationResult.Usage(0, 0, 0);
    private static final GenerationResult.Timing NO_TIME = new GenerationResult.Timing(0, 0, 0);

    private Cost plus(AnswerCache.Shared<?> answer) {
      if (answer.repeated()) {
        return plus(1, NOTHING, NO_TIME);
      }
      return switch (answer.resultNow()) {
        case GenerationResult result -> plus(0, result.usage(), result.timing());
        case LabelResult result -> plus(0, result.usage(), NO_TIME);
        default -> plus(0, NOTHING, NO_TIME);
      };
    }

    private Cost plus(int repeated, GenerationResult.Usage usage, GenerationResult.Timing timing) {
      return new Cost(
          calls + 1,
          repeatedCalls + repeated,
          promptTokens + usage.prompt(),
          cachedTokens + usage.cached(),
          completionTokens + usage.completion(),
          prefillMillis + timing.prefillMillis(),
          decodeMillis + timing.decodeMillis());
    }
  }

  /// What was asked for, once all of it is answered.
  public Cost cost() {
    var cost = new Cost(0, 0, 0, 0, 0, 0, 0);
    synchronized (asked) {
      for (AnswerCache.Shared<?> answer : asked) {
        cost = cost.plus(answer);
      }
    }
    return cost;
  }

  /// A future that withdraws the requests when it is cancelled.
  ///
  /// @param answer what is made of the requests' answers
  public <T> CompletableFuture<T> withdrawnIfCancelled(CompletableFuture<T> answer) {
    var whole =
        new CompletableFuture<T>() {
          @Override
          public boolean cancel(boolean mayInterruptIfRunning) {
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            if (cancelled) {
              withdraw();
            }
            return cancelled;
          }
        };
    var _ =
        answer.whenComplete((value, failure) -> {
          if (failure == null) {
            whole.complete(value);
          } else {
            whole.completeExceptionally(failure);
          }
        });
    return whole;
  }
}
