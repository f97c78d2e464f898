package org.glmspark.kernel.x86;

/// Extensions of the processor that kernels are assembled for, the fastest first.
public enum InstructionSet {
  /// `vpdpbusd` on 512 bits.
  AVX512_VNNI("AVX-512 VNNI"),
  /// `vpdpbusd` on 256 bits.
  AVX_VNNI("AVX-VNNI"),
  /// `vpmaddubsw` on 256 bits, with F16C and FMA.
  AVX2("AVX2");

  private final String displayName;

  InstructionSet(String displayName) {
    this.displayName = displayName;
  }

  /// The name for people.
  public String displayName() {
    return displayName;
  }
}
