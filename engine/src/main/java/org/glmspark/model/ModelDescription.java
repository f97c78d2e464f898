package org.glmspark.model;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tensor.DType;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// What a model folder holds, found without reading the weights.
///
/// @param config the hyper-parameters; they give the number of parameters too
/// @param weightBytes size of the stored weights, by element type
/// @param tokenizer null if the folder has no tokenizer file
/// @param chatTemplate null if there is no tokenizer
public record ModelDescription(
    ModelConfig config,
    Map<DType, Long> weightBytes,
    @Nullable Tokenizer tokenizer,
    @Nullable ChatTemplate chatTemplate) {
  public ModelDescription {
    weightBytes = Collections.unmodifiableMap(new EnumMap<>(weightBytes));
  }

  /// Sums up the sizes of tensors.
  static Map<DType, Long> weightBytes(CheckpointTensors tensors) {
    var bytes = new EnumMap<DType, Long>(DType.class);
    tensors.stream()
        .forEach(tensor -> bytes.merge(tensor.dtype(), tensor.data().byteSize(), Long::sum));
    return bytes;
  }
}
