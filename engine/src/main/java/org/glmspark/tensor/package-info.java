/// Numbers in memory, before any arithmetic: tensors as files store them, weights as kernels read
/// them, activations.
///
/// ```
/// file ──▶ Tensor (mapped, as published) ──▶ StripMatrix (16 rows interleaved) ──▶ kernel
///                                             FloatMatrix (activations)      ──▶ kernel
/// ```
@NullMarked
package org.glmspark.tensor;

import org.jspecify.annotations.NullMarked;
