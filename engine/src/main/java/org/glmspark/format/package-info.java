/// Reads the files that models are published in. Every file is taken for hostile: each length,
/// offset, count and string is compared with the file before it is used, and what is wrong becomes
/// a [org.glmspark.format.MalformedModelException] that names file, place, found and expected.
///
/// ```
/// config.json ──────▶ JsonObject ──▶ typed values, key by key; all JSON comes through JsonText
/// *.index.json ─────▶ JsonObject ──┐ which file holds which tensor
///                                  ▼
/// *.safetensors ──▶ SafetensorsFile ──▶ CheckpointFolder ──▶ Tensor by name (a view, no copy)
/// *.bin ──▶ TorchFile ──────────────────────┘                           ▲
///             ├─ StoredZip (ZipDirectory): where the storages lie       │
///             └─ CheckpointPickle runs the pickle: PickleReader ─▶      │
///                PickleValue on a stack ─▶ PickledTensors               │
/// *.gguf ──▶ GgufFile (all parts of a split one) ───────────────────────┘
///              └─ GgufMetadata ──▶ typed values, key by key
/// *.glmpack ──▶ ModelPack ──▶ Tensor, StripMatrix, small files, by name
///                 └─ PackHeader: PackPart, one after the other
/// ```
///
/// Reading a file takes at most ten times its bytes of heap, what is dropped on the way included:
/// an entry of a few bytes that would become a large object is counted or refused.
///
/// All of them are mapped, read-only: `MappedFile`. The caller's `Arena` owns the mappings: closing
/// it takes the tensors away.
@NullMarked
package org.glmspark.format;

import org.jspecify.annotations.NullMarked;
