/// Keys and values of the tokens seen so far, in blocks of 16 tokens, so that sequences of any
/// length share one fixed memory.
///
/// ```
/// Sequence ──▶ BlockTable (its block numbers) ◀── BlockPool (who holds which, and what is free)
///                  │        ▲                         ▲
///                  │        └── PrefixIndex (tokens ──▶ full block) ── until the block is taken again
///                  ▼
/// layer, row ──▶ PagedKvCache.store ──▶ block ──▶ attention
/// ```
///
/// A table takes blocks as its sequence grows. Full blocks are shared by all sequences that begin
/// with the same tokens, while they run and after them; nothing is written to a block that is
/// shared.
///
/// One thread steps the engine and is the only one that takes or returns blocks, so the bookkeeping
/// has no lock. Worker threads store different tokens at the same time.
@NullMarked
package org.glmspark.cache;

import org.jspecify.annotations.NullMarked;
