/// Chooses the next token from a row of logits.
///
/// ```
/// logits ──▶ Sampler (SamplingParameters, CounterRandom of the request) ──▶ token id
/// ```
///
/// Sampling has no state: the random number of a token is a function of seed, request id and the
/// token's index, so it does not matter in which step, batch or process a token is drawn.
@NullMarked
package org.glmspark.sampling;

import org.jspecify.annotations.NullMarked;
