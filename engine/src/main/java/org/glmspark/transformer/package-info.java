/// The decoder: token ids of several sequences in, logits or hidden states out. Prefill and decode
/// are the same code.
///
/// ```
/// ForwardBatch ─▶ embedding rows ─▶ DecoderLayer × n ─────────────────────────────▶ final norm ─▶ output matrix ─▶ logits
///   (segments of     (hidden)        hidden += Attention(norm(hidden))       │ only rows that are wanted
///    sequences)                      hidden += FeedForward(norm(hidden))     └─▶ hidden states
///                                        │  ▲
///                                        ▼  │
///                                    PagedKvCache
/// ```
///
/// Models of sandwich norms (GLM-4-32B) norm the result of attention and feed-forward network too.
///
/// A row of a step is one token. Every row's arithmetic is independent of the other rows, so a
/// sequence gets the same bits alone, in a batch and however its prompt was cut. Memory for the
/// rows is allocated once ([Activations]).
@NullMarked
package org.glmspark.transformer;

import org.jspecify.annotations.NullMarked;
