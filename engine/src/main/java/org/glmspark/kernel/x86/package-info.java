/// Machine code that is assembled when the program starts: products of quantised weights and
/// activations, because the Vector API has no product of int8; and the other loops of a model with
/// such weights, because the JVM runs those of the Vector API slowly until it has compiled them,
/// which takes longer than the first prompt.
///
/// ```
/// CpuFeatures ──▶ InstructionSet ──▶ VnniMatMul or Avx2MatMul ──▶ CodeMemory ──▶ Int8Kernels.multiply
///                                         │ Assembler                                 ▲
///                                                                StripMatrix, ActivationTile
///
/// many tokens:                       VnniPanelMatMul ──▶ CodeMemory ──▶ PanelKernels.unpack ──▶ multiply
///                                                              StripMatrix ▲      WeightPanel, ActivationTile ▲
///
/// rows, attention:                RowCode, AttentionCode ──▶ CodeMemory ──▶ FloatKernels
/// ```
///
/// The results have the bits that the numeric contract says, so they are those of the kernels in
/// `kernel`. Where code memory is refused, or the processor has none of the instruction sets, there
/// is an [UnavailableException] and the caller computes with those.
///
/// Nothing is built or shipped but Java: memory from `mmap` is written, then `mprotect` makes it
/// executable and read-only, and the Foreign Function interface calls it. The functions follow the
/// System V calling convention, call nothing and allocate nothing.
@NullMarked
package org.glmspark.kernel.x86;

import org.jspecify.annotations.NullMarked;
