/// Products of quantised weights and activations in machine code that is assembled when the program
/// starts: the Vector API has no product of int8.
///
/// ```
/// CpuFeatures ──▶ InstructionSet ──▶ VnniMatMul or Avx2MatMul ──▶ CodeMemory ──▶ Int8Kernels.multiply
///                                         │ Assembler                                 ▲
///                                                                StripMatrix, ActivationTile
///
/// many tokens:                       VnniPanelMatMul ──▶ CodeMemory ──▶ PanelKernels.unpack ──▶ multiply
///                                                              StripMatrix ▲      WeightPanel, ActivationTile ▲
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
