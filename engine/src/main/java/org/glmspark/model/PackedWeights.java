package org.glmspark.model;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;
import org.glmspark.format.PackPart;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The weights in a pack: views of the mapped file.
final class PackedWeights implements WeightSource {
  private final ModelPack pack;

  /// Names of weights that nobody asked for yet.
  private final Set<String> left = new TreeSet<>();

  PackedWeights(ModelPack pack) {
    this.pack = pack;
    for (PackPart part : pack.header().parts()) {
      if (part.layout() != PackPart.Layout.FILE) {
        left.add(part.name());
      }
    }
  }

  @Override
  public String file() {
    return pack.file().name();
  }

  @Override
  public @Nullable StripMatrix matrix(String name) {
    left.remove(name);
    return pack.strips(name);
  }

  @Override
  public @Nullable Tensor table(String name) {
    left.remove(name);
    return pack.rows(name);
  }

  @Override
  public float @Nullable [] vector(String name) {
    left.remove(name);
    Tensor tensor = pack.rows(name);
    return tensor == null || tensor.shape().size() != 1 ? null : tensor.floats();
  }

  /// A weight that nobody asked for means that this is another model than the configuration says.
  void requireNothingLeft() {
    if (!left.isEmpty()) {
      throw new MalformedModelException(
          file(),
          "part '" + List.copyOf(left).getFirst() + "'",
          "is no weight of the model that the pack describes");
    }
  }
}
