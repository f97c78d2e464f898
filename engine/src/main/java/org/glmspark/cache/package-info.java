/// Keys and values of the tokens seen so far, in blocks of 16 tokens, so that sequences of any
/// length share one fixed memory.
///
/// ```
/// Sequence ──▶ BlockTable (its block numbers) ◀── BlockPool (free numbers)
///                  │
///                  ▼
/// layer, row ──▶ PagedKvCache.store ──▶ block ──▶ attention
/// ```
///
/// One thread steps the engine and is the only one that takes or returns blocks, so the bookkeeping
/// has no lock. Worker threads store different tokens at the same time.
@NullMarked
package org.glmspark.cache;

import org.jspecify.annotations.NullMarked;
