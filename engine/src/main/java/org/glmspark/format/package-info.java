/// Reads the files that models are published in. Every file is taken for hostile: each length,
/// offset, count and string is compared with the file before it is used, and what is wrong becomes
/// a [org.glmspark.format.MalformedModelException] that names file, place, found and expected.
///
/// ```
/// config.json ────────────────────▶ JsonObject ──▶ typed values, key by key
/// model.safetensors.index.json ───▶ JsonObject ──┐ which file holds which tensor
///                                                ▼
/// *.safetensors ──▶ MappedFile ──▶ SafetensorsFile ──▶ CheckpointFolder ──▶ Tensor by name
///                   (mapped, read-only)                                      (a view, no copy)
///                                                                                 ▲
/// *.gguf ─────────▶ MappedFile ──▶ GgufFile (all parts of a split one) ───────────┤
///                                                                                 ▼
///                                        GgufMetadata ──▶ typed values, key by key
/// ```
///
/// The caller's `Arena` owns the mappings: closing it takes the tensors away.
@NullMarked
package org.glmspark.format;

import org.jspecify.annotations.NullMarked;
