/// Numbers in memory, before any arithmetic: tensors as files store them, weights as kernels read
/// them, activations.
///
/// ```
/// file ──▶ Tensor ──▶ as stored, or float32 by QuantizedBlocks ──▶ StripMatrix ──▶ kernel
///          (mapped, as published)                                  (16 rows interleaved)
///                                                                  FloatMatrix ──▶ kernel
///                                                                  (activations)
/// ```
@NullMarked
package org.glmspark.tensor;

import org.jspecify.annotations.NullMarked;
