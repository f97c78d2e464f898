package org.glmspark.model;

import java.util.List;
import org.glmspark.tensor.StoredMatrix;
import org.glmspark.tensor.Tensor;

/// One weight of a decoder, and which stored tensors it is made of.
public sealed interface PublishedWeight {
  /// What a pack calls it.
  String name();

  /// A matrix that activations are multiplied with.
  ///
  /// @param parts one below the other, of one number of columns
  record Matrix(String name, Use use, List<? extends StoredMatrix> parts)
      implements PublishedWeight {
    public Matrix {
      parts = List.copyOf(parts);
    }
  }

  /// What a matrix is for.
  enum Use {
    LAYER,
    /// It gives the logits.
    OUTPUT
  }

  /// A table whose rows are read by token id.
  record Table(String name, Tensor tensor) implements PublishedWeight {}

  /// Norms and biases.
  ///
  /// @param parts one after the other
  record Vector(String name, List<Tensor> parts) implements PublishedWeight {
    public Vector {
      parts = List.copyOf(parts);
    }

    /// All of its values.
    public float[] floats() {
      List<float[]> floats = parts.stream().map(Tensor::floats).toList();
      float[] joined = new float[floats.stream().mapToInt(part -> part.length).sum()];
      int end = 0;
      for (float[] part : floats) {
        System.arraycopy(part, 0, joined, end, part.length);
        end += part.length;
      }
      return joined;
    }
  }
}
