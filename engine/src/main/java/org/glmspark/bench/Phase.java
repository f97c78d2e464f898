package org.glmspark.bench;

/// What a measured stretch of work did, and how long it took at best.
///
/// @param tokens computed
/// @param seconds it took
/// @param operations multiplications and additions of matrix products and attention
/// @param readBytes weights, keys and values that had to be read, once for each step
public record Phase(long tokens, double seconds, double operations, double readBytes) {

  public double tokensPerSecond() {
    return tokens / seconds;
  }

  public double operationsPerSecond() {
    return operations / seconds;
  }

  public double readBytesPerSecond() {
    return readBytes / seconds;
  }

  /// The same work, if it was quicker.
  Phase best(Phase other) {
    return other.seconds < seconds ? other : this;
  }
}
