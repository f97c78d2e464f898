/// Numbers in memory, before any arithmetic: tensors as files store them, weights as kernels read
/// them, activations.
///
/// ```
///          StoredMatrix:                StripWriter:
/// file ──▶ Tensor, RowScaledMatrix ──▶ floats as stored or rounded    ──▶ StripMatrix ──▶ kernel
///          (mapped, as published)      LosslessBlocks, BlockQuantizer      (16 rows interleaved)
///                                                                          FloatMatrix ──▶ kernel
///                                                                          (activations)
/// ```
@NullMarked
package org.glmspark.tensor;

import org.jspecify.annotations.NullMarked;
