/// Measures what the engine reaches on a machine, and what the machine could reach.
///
/// ```
/// MachineSpeed      loops on registers, reading memory: the ceilings
/// ProductBenchmark  the matrix products of a model's layers, one by one
/// ModelBenchmark    prompts and completions of a whole model ──▶ Phase: tokens, operations, bytes, seconds
/// ```
///
/// Every figure is the best of several runs, since a shared machine only ever takes time away. The
/// keys and values of a measured context are zeros: attention costs the same.
@NullMarked
package org.glmspark.bench;

import org.jspecify.annotations.NullMarked;
