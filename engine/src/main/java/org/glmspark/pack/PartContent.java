package org.glmspark.pack;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.glmspark.format.PackPart;
import org.glmspark.model.PublishedWeight;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;

/// What makes the bytes of one part, some at a time, from the first to the last.
///
/// A content is asked by one thread; it has buffers for one window at most.
sealed interface PartContent {
  /// Bytes that go through memory at once.
  int WINDOW_BYTES = 4 << 20;

  /// The part's entry in the header.
  PackPart part();

  /// Makes the bytes and gives them to a receiver, window by window.
  ///
  /// @param memory for the windows; dropped afterwards
  <E extends Exception> void send(Arena memory, Receiver<E> receiver) throws E;

  /// Takes the bytes of a part.
  @FunctionalInterface
  interface Receiver<E extends Exception> {
    /// @param window the bytes that follow the last ones; overwritten afterwards
    void take(MemorySegment window) throws E;
  }

  /// What the content of a weight is.
  static PartContent of(PublishedWeight weight, PackOptions options) {
    return switch (weight) {
      case PublishedWeight.Matrix matrix -> Strips.of(matrix, type(matrix, options));
      case PublishedWeight.Table(String name, Tensor tensor) -> {
        DType type = TableRows.type(tensor, options.weights());
        List<Integer> shape = tensor.shape().stream().map(Math::toIntExact).toList();
        PackPart part = PackPart.rows(name, type, shape);
        WeightType weights = options.weights();
        yield type == tensor.dtype() || weights == null
            ? new Stored(part, tensor.data())
            : new Rows(part, tensor, weights);
      }
      case PublishedWeight.Vector vector -> new Floats(vector);
    };
  }

  private static WeightType type(PublishedWeight.Matrix matrix, PackOptions options) {
    WeightType wanted =
        switch (matrix.use()) {
          case LAYER -> options.weights();
          case OUTPUT ->
              options.outputWeights() == null ? options.weights() : options.outputWeights();
        };
    return wanted == null ? WeightType.common(matrix.parts()) : wanted;
  }

  /// Bytes that are there already.
  record Stored(PackPart part, MemorySegment data) implements PartContent {
    @Override
    public <E extends Exception> void send(Arena memory, Receiver<E> receiver) throws E {
      for (long start = 0; start < data.byteSize(); start += WINDOW_BYTES) {
        receiver.take(data.asSlice(start, Math.min(WINDOW_BYTES, data.byteSize() - start)));
      }
    }
  }

  /// A matrix in kernel layout.
  record Strips(PackPart part, PublishedWeight.Matrix matrix, WeightType type)
      implements PartContent {
    static Strips of(PublishedWeight.Matrix matrix, WeightType type) {
      long rows = matrix.parts().stream().mapToLong(stored -> stored.shape().getFirst()).sum();
      int columns = Math.toIntExact(matrix.parts().getFirst().shape().getLast());
      return new Strips(
          PackPart.strips(matrix.name(), type, Math.toIntExact(rows), columns), matrix, type);
    }

    @Override
    public <E extends Exception> void send(Arena memory, Receiver<E> receiver) throws E {
      long stripBytes = type.stripBytes(part.shape().getLast());
      int strips = StripMatrix.strips(part.shape().getFirst());
      int windowStrips = windowStrips(stripBytes, strips);
      MemorySegment window = memory.allocate(windowStrips * stripBytes, Long.BYTES);
      for (int first = 0; first < strips; first += windowStrips) {
        int end = Math.min(strips, first + windowStrips);
        MemorySegment used = window.asSlice(0, (end - first) * stripBytes);
        StripMatrix.writeStrips(matrix.parts(), type, first, end, used);
        receiver.take(used);
      }
    }
  }

  /// A table in a smaller type than it is stored in.
  record Rows(PackPart part, Tensor tensor, WeightType type) implements PartContent {
    @Override
    public <E extends Exception> void send(Arena memory, Receiver<E> receiver) throws E {
      int rows = part.shape().getFirst();
      long stripBytes = type.stripBytes(part.shape().getLast());
      long rowBytes = stripBytes / StripMatrix.STRIP_ROWS;
      int strips = StripMatrix.strips(rows);
      int windowStrips = windowStrips(stripBytes, strips);
      MemorySegment scratch = memory.allocate(windowStrips * stripBytes, Long.BYTES);
      MemorySegment window = memory.allocate(windowStrips * stripBytes, Long.BYTES);
      for (int first = 0; first < strips; first += windowStrips) {
        int end = Math.min(strips, first + windowStrips);
        int count = Math.min(rows, end * StripMatrix.STRIP_ROWS) - first * StripMatrix.STRIP_ROWS;
        MemorySegment used = window.asSlice(0, count * rowBytes);
        TableRows.write(
            tensor, type, first, end, scratch.asSlice(0, (end - first) * stripBytes), used);
        receiver.take(used);
      }
    }
  }

  /// Norms and biases as float32.
  record Floats(PackPart part, PublishedWeight.Vector vector) implements PartContent {
    private static final ValueLayout.OfFloat FLOAT =
        ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    Floats(PublishedWeight.Vector vector) {
      this(part(vector), vector);
    }

    private static PackPart part(PublishedWeight.Vector vector) {
      long size = vector.parts().stream().mapToLong(Tensor::elements).sum();
      return PackPart.rows(vector.name(), DType.F32, List.of(Math.toIntExact(size)));
    }

    @Override
    public <E extends Exception> void send(Arena memory, Receiver<E> receiver) throws E {
      float[] floats = vector.floats();
      MemorySegment window = memory.allocate(FLOAT, floats.length);
      MemorySegment.copy(floats, 0, window, FLOAT, 0, floats.length);
      receiver.take(window);
    }
  }

  /// How many strips go through memory at once: at least one.
  private static int windowStrips(long stripBytes, int strips) {
    return Math.clamp(WINDOW_BYTES / stripBytes, 1, strips);
  }
}
