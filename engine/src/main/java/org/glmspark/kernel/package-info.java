/// The arithmetic: one operation of the model a file, on arrays, without memory of its own.
///
/// ```
/// FloatMatrix ──▶ RmsNorm ──▶ MatMul ──▶ RotaryEmbedding ──▶ PagedAttention ──▶ MatMul ──▶ SwiGlu ──▶ MatMul ──▶ FloatMatrix
///                               ▲                                 ▲
///                          StripMatrix                      KeyValuePages
///
/// MatMul: float weights ──────────────────────────────▶ FloatMatMul
///         quantised weights ──▶ Q8Activations ──┬─────▶ Int8Kernels of kernel.x86
///                                               ├─────▶ PanelMatMul with its PanelKernels, for many tokens
///                                               └─────▶ QuantizedMatMul, on any other machine
/// ```
///
/// Every kernel follows the numeric contract: its result is defined to the bit, so it is the same
/// for every vector width, tile and thread count, and a slow twin in its test has the same bits.
/// - **Rows are the lanes**: an output element has one accumulator, and columns are added to it in
///   ascending order with one fused multiply-add each; of quantised weights, blocks of 32 columns,
///   whose sums of integers are exact.
/// - **Sums within a row** ([LaneSum]), and those of means over rows ([MeanPooling]), go to 16
///   virtual lanes, element `i` to lane `i mod 16`, and then up a fixed tree.
/// - Fused multiply-add only where it is written; division and square root are IEEE; [Exponential]
///   is our own.
///
/// Keys and values of 8 bits are widened to float32 first, `float(q) · scale`, so that attention
/// adds as with any other type of the cache.
///
/// [PagedAttention] takes [AttentionQueries] through [AttentionScores], [AttentionSoftmax] and
/// [AttentionValues] into [SoftmaxStates], which can be merged.
///
/// Loops that a first prompt runs are given the assembled [org.glmspark.kernel.x86.FloatKernels],
/// or null; what is not assembled runs on the Vector API.
///
/// This is the only package that sees the Vector API. Kernels start no thread: who calls them
/// shares out rows, strips, heads or spans of keys. An inner loop keeps its sums in local variables
/// and calls no method but those of the Vector API: in methods that have grown large the JIT
/// inlines nothing else, and a register that is handed to a real call becomes an object.
@NullMarked
package org.glmspark.kernel;

import org.jspecify.annotations.NullMarked;
