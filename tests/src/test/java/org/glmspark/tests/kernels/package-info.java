/// JMH benchmarks of single kernels, on one thread, at the sizes of GLM-4-9B. Whole models and all
/// threads are measured by `glm bench`.
///
/// ```
/// KernelBenchmarksIT ─▶ JMH ─▶ QuantizedProductBenchmark, FloatProductBenchmark, AttentionBenchmark,
///                              RowKernelsBenchmark        each in a JVM of its own
/// ```
@NullMarked
package org.glmspark.tests.kernels;

import org.jspecify.annotations.NullMarked;
