package org.glmspark.sampling;

import java.util.HexFormat;

/// A random stream without state: number `i` is a hash of key and `i`.
///
/// The mixing function is the finaliser of SplittableRandom (Steele, Lea and Flood 2014,
/// <https://doi.org/10.1145/2660193.2660195>; constants: Stafford's variant 13), applied to key and
/// counter in turn.
public final class CounterRandom {
  private static final long GOLDEN_RATIO = 0x9e3779b97f4a7c15L;

  private final long key;

  /// @param seed of the sampling parameters
  /// @param requestId at least 16 hexadecimal digits
  public CounterRandom(long seed, String requestId) {
    key = mix(mix(seed + GOLDEN_RATIO) ^ HexFormat.fromHexDigitsToLong(requestId, 0, 16));
  }

  /// Number `index` of the stream: uniform in `[0, 1)`, a multiple of 2^-53.
  public double uniform(long index) {
    return (mix(key + (index + 1) * GOLDEN_RATIO) >>> 11) * 0x1p-53;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
