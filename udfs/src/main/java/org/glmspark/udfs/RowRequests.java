package org.glmspark.udfs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.ScoringRequest;
import org.glmspark.generation.ScoringResult;
import org.glmspark.sampling.SamplingParameters;

/// What one call for one row asks of its model: any number of requests, from any thread, one after
/// the other or at once, all withdrawn together if the row is given up.
public final class RowRequests {
  /// What a result holds besides its text and tokens, roughly, in bytes.
  private static final int RESULT_BYTES = 400;

  private final OpenModel model;
  private final AnswerCache cache;
  private final List<AnswerCache.Shared<?>> asked = new ArrayList<>();
  private boolean withdrawn;

  public RowRequests(OpenModel model, AnswerCache cache) {
    this.model = model;
    this.cache = cache;
  }

  /// The model that is asked.
  public OpenModel model() {
    return model;
  }

  /// Asks for a completion.
  public CompletableFuture<GenerationResult> generate(int[] prompt, SamplingParameters sampling) {
    var request = new GenerationRequest(prompt, sampling);
    return ask(
        model.engine().requestId(request),
        RowRequests::bytes,
        () -> model.engine().submit(request));
  }

  /// Asks how probable each of some answers is.
  ///
  /// The answers begin where the model's template says that an answer does, and count with the
  /// token that ends them.
  ///
  /// @param labels the texts of the answers
  public CompletableFuture<LabelScores> score(int[] prompt, List<String> labels) {
    int[] asked = concat(prompt, model.template().answerPrefix());
    List<CompletableFuture<ScoringResult>> scores =
        labels.stream().map(label -> score(asked, label)).toList();
    return CompletableFuture.allOf(scores.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> LabelScores.of(scores.stream().map(CompletableFuture::resultNow).toList()));
  }

  private CompletableFuture<ScoringResult> score(int[] prompt, String label) {
    int[] tokens =
        concat(concat(prompt, model.tokenizer().encode(label)), new int[] {model.endOfAnswer()});
    var request = new ScoringRequest(tokens, prompt.length);
    return ask(
        "scores " + RequestKey.of(model.engine(), tokens) + " " + prompt.length,
        result -> RESULT_BYTES + 8L * result.logProbabilities().length,
        () -> model.engine().submit(request));
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

  private <T> CompletableFuture<T> ask(
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

    private Cost plus(AnswerCache.Shared<?> answer) {
      if (answer.repeated()) {
        return new Cost(
            calls + 1,
            repeatedCalls + 1,
            promptTokens,
            cachedTokens,
            completionTokens,
            prefillMillis,
            decodeMillis);
      }
      return switch (answer.resultNow()) {
        case GenerationResult result ->
            new Cost(
                calls + 1,
                repeatedCalls,
                promptTokens + result.usage().prompt(),
                cachedTokens + result.usage().cached(),
                completionTokens + result.usage().completion(),
                prefillMillis + result.timing().prefillMillis(),
                decodeMillis + result.timing().decodeMillis());
        default ->
            new Cost(
                calls + 1,
                repeatedCalls,
                promptTokens,
                cachedTokens,
                completionTokens,
                prefillMillis,
                decodeMillis);
      };
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
