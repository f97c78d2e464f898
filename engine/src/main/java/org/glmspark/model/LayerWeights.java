package org.glmspark.model;

import org.glmspark.tensor.StripMatrix;
import org.jspecify.annotations.Nullable;

/// The weights of one decoder layer, in the order they are used.
///
/// @param attentionNorm `[hidden]`
/// @param queryKeyValue `[(heads + 2 · keyValueHeads) · headSize, hidden]`, rows of Q, then K, then
///   V
/// @param queryKeyValueBias one value for each row of `queryKeyValue`, or null
/// @param attentionOutput `[hidden, heads · headSize]`
/// @param attentionPostNorm `[hidden]`, for the result of attention, or null in a block of two
///   norms
/// @param feedForwardNorm `[hidden]`
/// @param gateUp `[2 · feedForward, hidden]`, rows of gate, then up
/// @param down `[hidden, feedForward]`
/// @param feedForwardPostNorm `[hidden]`, for the result of the feed-forward network, or null
public record LayerWeights(
    float[] attentionNorm,
    StripMatrix queryKeyValue,
    float @Nullable [] queryKeyValueBias,
    StripMatrix attentionOutput,
    float @Nullable [] attentionPostNorm,
    float[] feedForwardNorm,
    StripMatrix gateUp,
    StripMatrix down,
    float @Nullable [] feedForwardPostNorm) {}
