/// Runs a model inside Spark: the rows of every partition go through the one engine of their
/// executor.
///
/// ```
/// driver                              executor
/// Generation.apply ─▶ ModelHandle ─broadcast─▶ ExecutorEngines (one GenerationEngine per JVM and model)
///       │               (ModelSource, digest)     │ maps the pack; the first of a machine makes it
///       │ row ids, prompt columns                 ▲ submit   │ future
///       ▼                                         │          ▼
///    Dataset ───── rows of a partition ────▶ GeneratePartition ──▶ rows + ResultColumns
///                                                 │
///                                            PromptSource (row ─▶ ChatRequest, or a RowError)
/// ```
///
/// A text that is too long for one prompt goes through [LongDocument], in jobs and in SQL alike; a
/// row's [LongText] says whether:
///
/// ```
/// text ─▶ TextParts ─▶ requests, all at once ─▶ answers, joined ─┬─▶ fits: the last request
///             ▲                                                  │
///             └───────────────── the next level ◀────────────────┘
/// ```
///
/// A row is asked about as the job says, or is a request itself: conversations in columns and lines
/// of OpenAI's batch files, which `openai` reads and answers in kind.
///
/// SQL functions take the same way to the engines ([GlmSparkExtensions]): `plan` makes operators of
/// their calls, `function` says what they ask, [SessionModels] which model, and [LookAhead] sends
/// rows ahead for both ways. [AnswerCache] answers equal requests of an executor once.
///
/// With [GlmPlugin] the models of the application's settings are opened when an executor starts,
/// and its engines report to the driver's metrics:
///
/// ```
/// ExecutorEngines ─▶ EngineReporter ── EngineReport, every two seconds ──▶ EngineGauges ─▶ /metrics
/// ```
///
/// Only a path, digests and options travel; weights never do. A model at a URI, or one that was
/// given with `--files`, is copied once by the driver and by each machine with executors
/// ([org.glmspark.udfs.distribution]). Where the path leads to no pack, they pack the model once,
/// into a folder of their own; equal models have equal packs, which the digest proves. A row that
/// cannot be completed becomes a row with an error; only a broken model or engine fails a task.
/// Spark's objects (`TaskContext`, accumulators) are touched by the task's own thread alone, the
/// engine's threads never see them.
@NullMarked
package org.glmspark.udfs;

import org.jspecify.annotations.NullMarked;
