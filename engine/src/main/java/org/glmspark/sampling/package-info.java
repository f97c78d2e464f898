/// Chooses the next token from a row of logits.
///
/// ```
/// logits ──▶ TokenLogProbability.Row (if asked for)
///    │
///    └──▶ LogitAdjustment ────────▶ TokenRanking ──▶ TokenDraw ──▶ token id
///         bias, penalties, masks:   temperature      min-p, top-k, top-p,
///         allowed ids, bad words,                    CounterRandom of the request
///         least length, then
///         AnswerState's
/// ```
///
/// A [Sampler] is one sequence on this way. It is told the tokens that the completion takes,
/// because masks and penalties depend on them; all else is a function of [SamplingParameters] and
/// logits.
///
/// Greedy decoding takes the largest logit as soon as the masks are in place.
///
/// The random number of a token is a function of seed, request id and the token's index, so it does
/// not matter in which step, batch or process a token is drawn.
@NullMarked
package org.glmspark.sampling;

import org.jspecify.annotations.NullMarked;
