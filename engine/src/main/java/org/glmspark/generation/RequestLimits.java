package org.glmspark.generation;

import org.glmspark.cache.BlockTable;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.grammar.AnswerGrammar;
import org.glmspark.model.ModelConfig;
import org.jspecify.annotations.Nullable;

/// What a model and its cache have room for: says of each request, before any work, why it cannot
/// be answered.
final class RequestLimits {
  private final int vocabulary;
  private final int context;
  private final PagedKvCache cache;

  RequestLimits(ModelConfig config, PagedKvCache cache) {
    this.vocabulary = config.vocabularySize();
    this.context = config.contextTokens();
    this.cache = cache;
  }

  /// @throws IllegalArgumentException if a token is no id of the model
  void requireIds(int[] tokens) {
    for (int token : tokens) {
      if (token < 0 || token >= vocabulary) {
        throw new IllegalArgumentException(
            "prompt token %d, the model has ids 0 to %d".formatted(token, vocabulary - 1));
      }
    }
  }

  /// Most tokens of one sequence, prompt and completion together.
  int longestSequence() {
    long cached = (long) cache.pool().blocks() * PagedKvCache.BLOCK_TOKENS;
    return (int) Math.min(context, cached);
  }

  /// Most tokens that a completion can have.
  int answerTokens(GenerationRequest request) {
    return (int) Math.min(context, request.mostTokens()) - request.promptTokens().length;
  }

  /// @param grammar of the answer, or null if it may be any text
  @Nullable RowError refusal(GenerationRequest request, @Nullable AnswerGrammar grammar) {
    int prompt = request.promptTokens().length;
    if (prompt >= context) {
      return new RowError(
          RowError.Reason.PROMPT_TOO_LONG,
          "it has %d tokens, the model takes at most %d and one of the completion; shorten the text or choose another model"
              .formatted(prompt, context - 1));
    }
    int answer = answerTokens(request);
    if (grammar != null && grammar.leastTokens() > answer) {
      return new RowError(
          RowError.Reason.ANSWER_TOO_LONG,
          "the shortest answer of the response format takes %d tokens, max_tokens and the context leave %d"
              .formatted(grammar.leastTokens(), answer));
    }
    return cacheTooSmall(
        prompt + answer, "a prompt of %d tokens and %d to generate need".formatted(prompt, answer));
  }

  /// @param tokens of a text that nothing is drawn after
  /// @param computed how many of them are computed
  @Nullable RowError refusal(int tokens, int computed) {
    if (tokens > context) {
      return new RowError(
          RowError.Reason.PROMPT_TOO_LONG,
          "it has %d tokens, the model takes at most %d".formatted(tokens, context));
    }
    return cacheTooSmall(computed, "a text of %d tokens needs".formatted(tokens));
  }

  @Nullable RowError refusal(LabelRequest request) {
    int prompt = request.promptTokens().length;
    int longest = request.longestLabel();
    if (prompt + (long) longest > context) {
      return new RowError(
          RowError.Reason.PROMPT_TOO_LONG,
          "it has %d tokens and the longest label %d, the model takes at most %d together"
              .formatted(prompt, longest, context));
    }
    return cacheTooSmall(
        prompt + longest - 1,
        "a prompt of %d tokens and a label of %d need".formatted(prompt, longest));
  }

  private @Nullable RowError cacheTooSmall(int tokens, String what) {
    long blocks = BlockTable.blocksFor(tokens);
    if (blocks <= cache.pool().blocks()) {
      return null;
    }
    return new RowError(
        RowError.Reason.CACHE_TOO_SMALL,
        "%s %d bytes, kv-cache-bytes gives %d"
            .formatted(
                what, blocks * cache.blockBytes(), cache.pool().blocks() * cache.blockBytes()));
  }
}
