package org.glmspark.generation;

/// A text of which the model's reading is wanted, as one vector.
///
/// @param tokens the whole text as token ids, prefix and roles included; not copied, so not to be
///   changed. What comes after `endPooled` is not read
/// @param firstPooled index of the first token whose hidden state counts; those before it are only
///   read
/// @param endPooled index after the last token whose hidden state counts
public record PoolingRequest(int[] tokens, int firstPooled, int endPooled) {
  public PoolingRequest {
    if (firstPooled < 0 || firstPooled >= endPooled || endPooled > tokens.length) {
      throw new IllegalArgumentException(
          "pooled tokens %d to before %d of %d, expected one or more of them"
              .formatted(firstPooled, endPooled, tokens.length));
    }
  }
}
