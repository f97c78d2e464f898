package org.glmspark.model;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.glmspark.tensor.DType;

/// What a model folder holds, found without reading the weights.
///
/// @param config the hyper-parameters; they give the number of parameters too
/// @param weightBytes size of the stored weights, by element type
public record ModelDescription(ModelConfig config, Map<DType, Long> weightBytes) {
  public ModelDescription {
    weightBytes = Collections.unmodifiableMap(new EnumMap<>(weightBytes));
  }

  static ModelDescription of(ModelConfig config, CheckpointTensors tensors) {
    var bytes = new EnumMap<DType, Long>(DType.class);
    tensors.stream()
        .forEach(tensor -> bytes.merge(tensor.dtype(), tensor.data().byteSize(), Long::sum));
    return new ModelDescription(config, bytes);
  }
}
