/// Makes one file of a published model, which executors map instead of reading the model; or of a
/// model of random weights, which needs no download.
///
/// ```
/// folder, .gguf, shape ─▶ model.PackContent ─▶ PartContent (files, strips, rows, float32), one a part
///                                            │ windows of 4 MB, one thread a part
///                                            ▼
/// TargetLock ─▶ ModelPacker ─▶ PackWriter ─▶ .NAME.tmp ── header, fsync, rename ──▶ NAME.glmpack
///                ▲                                                                      │
///            PackCache: source's files, their times, options ─▶ name ── is it there? ───┴─▶ path
/// ```
///
/// A pack holds, in this order,
///
/// | part | layout | content |
/// |---|---|---|
/// | `model.json` | file | hyper-parameters, where each was read, generation defaults |
/// | `tokenizer/NAME` | file | the tokenizer's files; of a GGUF file its metadata, `metadata.gguf` |
/// | `output` | strips | `[vocabulary, hidden]` |
/// | `embedding` | rows | `[vocabulary, hidden]`, read by token id |
/// | `layers.N.attention_norm` | rows | `[hidden]`, float32, as all norms |
/// | `layers.N.query_key_value` | strips | `[(heads + 2 · key-value heads) · head size, hidden]` |
/// | `layers.N.query_key_value_bias` | rows | float32, if the model has it |
/// | `layers.N.attention_output` | strips | `[hidden, heads · head size]` |
/// | `layers.N.attention_post_norm` | rows | only in blocks of sandwich norms |
/// | `layers.N.feed_forward_norm` | rows | |
/// | `layers.N.gate_up` | strips | `[2 · feed-forward, hidden]`, rows of gate, then up |
/// | `layers.N.down` | strips | `[hidden, feed-forward]` |
/// | `layers.N.feed_forward_post_norm` | rows | only in blocks of sandwich norms |
/// | `final_norm` | rows | |
///
/// Strips are those of [org.glmspark.tensor.StripMatrix], ready for the kernels. Rows are in a type
/// of [org.glmspark.tensor.DType]: the embedding as stored, or, if that is smaller, in the row type
/// of the weights (Q8_0 for Q8, Q4_0 for Q4, Q4_1 for Q4M). How the parts stand in the file, and
/// what the digest of a pack is, says [org.glmspark.format.PackHeader].
///
/// Equal models packed with equal options have equal digests, wherever and whenever: executors that
/// pack for themselves can be compared with the driver. Digests are computed from what is written.
/// Whoever opens a pack checks its size and header; [org.glmspark.format.ModelPack#verify] reads
/// all of one that was copied.
@NullMarked
package org.glmspark.pack;

import org.jspecify.annotations.NullMarked;
