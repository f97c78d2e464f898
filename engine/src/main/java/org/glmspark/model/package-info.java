/// A model as the engine computes it: hyper-parameters, weights in kernel layout, tokenizer.
///
/// ```
/// config.json ───▶ ConfigFile ──┐
/// GgufMetadata ──▶ GgufConfig ──┴─▶ PublishedConfig ─┬─▶ ModelConfig, origins, ModelWarnings ──┐
///                  ModelOverrides ──────▲            │ layout, shapes                          │
///                                                    ▼                                         ▼
/// tensors by name ───────────────────────▶ CheckpointTensors ───────────────────────▶ PublishedModel
///                       TensorNames ─────────▲   (found, checked)                       │      ▲
/// FileTokenizer, GgufTokenizer ──▶ FamilyChoice ─▶ Tokenizer, ChatTemplate ─────────────┼──────┘
///                                                                                       ▼
///                          (interleaved, all cores) InterleavedWeights ◀── PublishedWeight by name
///                                                          │                            ▼
/// Model ◀── ModelWeights ◀── WeightSource ◀────────────────┴── PackedWeights       PackContent ──▶ pack
///                                                                   ▲ (mapped)
/// NAME.glmpack ──▶ PackedModel ─┬───────────────────────────────────┘
///                               └─▶ PackedConfig, the tokenizer's files: as PublishedConfig above
/// ```
///
/// [RandomModel] makes the weights of a [ModelShape] without any file, to measure machines with.
///
/// The stop tokens of a loaded model are those of its files and all that its family and its chat
/// format know: files are known to name too few, and then generation never ends.
///
/// Every file is checked against the others before the first weight is read, so a wrong model is
/// refused at once ([org.glmspark.model.ModelLoader#describe] does only that). The `Model` owns all
/// memory outside the heap; closing it ends the mappings. A `Model` is immutable and may be used by
/// any thread.
@NullMarked
package org.glmspark.model;

import org.jspecify.annotations.NullMarked;
