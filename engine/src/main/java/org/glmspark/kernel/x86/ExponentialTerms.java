package org.glmspark.kernel.x86;

/// The numbers that define `e^x` to the bit, for the assembled kernels and for all others.
///
/// Source of range reduction and coefficients: S. Moshier, Cephes Mathematical Library, single
/// precision `expf`.
public final class ExponentialTerms {
  /// Below it the result is 0.
  public static final float SMALLEST = -87f;

  /// Above it the result is infinite.
  public static final float LARGEST = 88f;

  public static final float LOG2_E = 0x1.715476p0f;

  /// Adding it leaves the nearest integer in the low bits.
  public static final float ROUND = 0x1.8p23f;

  /// 10 bits, so its product with the integer is exact.
  public static final float LN2_HIGH = 0x1.63p-1f;

  public static final float LN2_LOW = -0x1.bd0106p-13f;
  public static final float C6 = 0x1.a0d2cep-13f;
  public static final float C5 = 0x1.6e879cp-10f;
  public static final float C4 = 0x1.11121p-7f;
  public static final float C3 = 0x1.555382p-5f;
  public static final float C2 = 0x1.555554p-3f;
  public static final float C1 = 0x1p-1f;

  private ExponentialTerms() {}
}
