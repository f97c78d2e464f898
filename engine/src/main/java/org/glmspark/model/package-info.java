/// A model as the engine computes it: hyper-parameters, weights in kernel layout, tokenizer.
///
/// ```
/// config.json ──▶ ConfigFile ──▶ ModelConfig ─────────────────────────────┐
///                     │ layout, shapes                                    │
///                     ▼                                                   ▼
/// *.safetensors ──▶ CheckpointTensors ──▶ StripMatrix, float[] ──▶ ModelWeights ──▶ Model
///                   (found, checked)      (interleaved, all cores)                    ▲
/// tokenizer.model ──▶ BytePairTokenizer, ChatTemplate ────────────────────────────────┤
/// all of these ──▶ ModelDigest ───────────────────────────────────────────────────────┘
/// ```
///
/// Every file is checked against the others before the first weight is read, so a wrong folder is
/// refused at once ([org.glmspark.model.ModelLoader#describe] does only that). The `Model` owns all
/// memory outside the heap; closing it ends the mappings. A `Model` is immutable and may be used by
/// any thread.
@NullMarked
package org.glmspark.model;

import org.jspecify.annotations.NullMarked;
