/// Turns requests into completions, many sequences at a time.
///
/// ```
/// submit(GenerationRequest) ──▶ Sequence ──▶ AdmissionQueue ──▶ RunningBatch (who holds which cache blocks)
///                                  ▲               ▲                │   │
///                                  │               └── preempted ───┘   ▼
///                                  │              ContinuousBatchScheduler ──▶ ForwardBatch ──▶ Transformer
///                                  │                                                           │ logits
///                                  ├── next token ◀── Sampler ◀────────────────────────────────┘
///                                  └── finished ──▶ GenerationResult ──▶ the caller's future
/// ```
///
/// A sequence ends with a stop token or stop string (`StopCondition`), or where a limit is. The
/// texts of its parameters meet its tokens here: bad words are tokenized when it is submitted, and
/// stop strings are looked for in the text that its tokens become.
///
/// An answer whose form is given begins after the answer prefix of the model's template, which is
/// put at the end of the prompt; it ends with a stop token, or as soon as nothing can be added.
///
/// A [ScoringRequest] goes the same way, but nothing is drawn: the logits after each of its tokens
/// say how probable the next one was. Of a [PoolingRequest] no logits are computed: the hidden
/// states of its tokens are added up. The prompt of a [LabelRequest] is computed once; then each
/// label goes on from its blocks as a scored sequence of its own.
///
/// A request that makes a step fail is found by computing those of the step one by one, and gets an
/// error; the engine goes on. Without memory or model it ends, and all requests with it.
///
/// Threads: one thread steps the engine and owns sequences, batch and cache blocks, so that
/// bookkeeping needs no lock; any thread may submit, and cancels by cancelling its future. The
/// arithmetic of a step is shared out to a [org.glmspark.parallel.WorkerPool].
///
/// What a completion depends on is what its request id is made of ([RequestId]); batch, order,
/// threads and chunks are not.
@NullMarked
package org.glmspark.generation;

import org.jspecify.annotations.NullMarked;
