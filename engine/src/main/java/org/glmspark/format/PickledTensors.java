package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.PickleValue.Storage;
import org.glmspark.format.PickleValue.StorageType;
import org.glmspark.format.PickleValue.Text;
import org.glmspark.format.PickleValue.Tuple;
import org.glmspark.format.PickleValue.View;
import org.glmspark.format.PickleValue.Whole;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;

/// Makes what a [CheckpointPickle] asks for: storages, which are entries of the archive, the
/// tensors that lie in them, and these under their names.
///
/// Source: `torch/_utils.py` and `torch/serialization.py` of
/// <https://github.com/pytorch/pytorch/tree/v2.8.0>
final class PickledTensors {
  private static final String STORAGE = "storage";
  private static final int MAX_TENSORS = 100_000;
  private static final int MAX_NAME_BYTES = 1024;

  // heap that a value takes, what is dropped on the way included
  private static final int STORAGE_BYTES = 200;
  private static final int VIEW_BYTES = 100;
  private static final int DIMENSION_BYTES = 32;
  private static final int TENSOR_BYTES = 100;

  private final PickleReader reader;
  private final Map<String, MemorySegment> entries;
  private final Map<String, Tensor> named = new LinkedHashMap<>();

  /// @param reader of the pickle, for messages
  /// @param entries all entries of the archive, with the storages as `data/KEY`
  PickledTensors(PickleReader reader, Map<String, MemorySegment> entries) {
    this.reader = reader;
    this.entries = entries;
  }

  /// The tensors that have a name, in the order in which they got it.
  Map<String, Tensor> named() {
    return named;
  }

  /// The storage with an id, which is `("storage", type, key, device, elements)`.
  Storage storage(List<PickleValue> id) {
    if (id.size() != 5 || !(id.get(1) instanceof StorageType type)) {
      throw reader.malformed(
          "a persistent id %s, expected ('storage', a type of storage, key, device, elements)"
              .formatted(id));
    }
    reader.charge(STORAGE_BYTES);
    if (!reader.says(is(id.get(0), Text.class, "'storage'"), STORAGE)) {
      throw reader.malformed("a persistent id that is not 'storage', expected 'storage'");
    }
    Text keyText = is(id.get(2), Text.class, "the key of a storage");
    String key = reader.name(keyText, "the key of a storage", MAX_NAME_BYTES);
    is(id.get(3), Text.class, "the name of a device"); // where it once was
    long elements = is(id.get(4), Whole.class, "the number of elements").value();
    MemorySegment bytes = entries.get("data/" + key);
    if (bytes == null) {
      throw reader.malformed(
          "asks for storage %s, which is not there".formatted(Excerpt.quoted(key)));
    }
    if (elements < 0 || bytes.byteSize() != product(type.dtype(), List.of(elements))) {
      throw reader.malformed(
          "storage %s of %s has %d bytes, expected those of %d elements"
              .formatted(Excerpt.quoted(key), type.dtype(), bytes.byteSize(), elements));
    }
    return new Storage(key, type.dtype(), elements, bytes);
  }

  /// The tensor that is `(storage, offset, shape, strides, requires_grad, backward_hooks)`.
  View view(List<PickleValue> arguments) {
    Storage storage = is(arguments.get(0), Storage.class, "a storage");
    long offset = is(arguments.get(1), Whole.class, "the offset in a storage").value();
    List<Long> shape = wholes(is(arguments.get(2), Tuple.class, "a shape"));
    List<Long> strides = wholes(is(arguments.get(3), Tuple.class, "strides"));
    reader.charge(VIEW_BYTES);
    for (long size : shape) {
      if (size < 0) {
        throw reader.malformed("a tensor of shape %s, expected sizes from 0".formatted(shape));
      }
    }
    DType dtype = storage.dtype();
    long bytes = product(dtype, shape);
    requireRowMajor(shape, strides);
    long elements = bytes / dtype.bytes();
    if (offset < 0 || offset > storage.elements() || elements > storage.elements() - offset) {
      throw reader.malformed(
          "a tensor of shape %s at element %d of storage %s, which has %d elements"
              .formatted(shape, offset, Excerpt.quoted(storage.key()), storage.elements()));
    }
    return new View(dtype, shape, storage.bytes().asSlice(offset * dtype.bytes(), bytes));
  }

  private List<Long> wholes(Tuple tuple) {
    Long[] wholes = new Long[tuple.elements().size()];
    reader.charge((long) DIMENSION_BYTES * wholes.length);
    for (int i = 0; i < wholes.length; i++) {
      wholes[i] = is(tuple.elements().get(i), Whole.class, "a whole number").value();
    }
    return List.of(wholes);
  }

  private long product(DType dtype, List<Long> shape) {
    try {
      return dtype.bytes(shape);
    } catch (ArithmeticException e) {
      throw reader.malformed("%s %s has more than 2^63 bytes".formatted(dtype, shape), e);
    }
  }

  /// Dimensions of one element may have any stride, and all may have any if there is no element.
  private void requireRowMajor(List<Long> shape, List<Long> strides) {
    if (strides.size() != shape.size()) {
      throw reader.malformed("strides %s of shape %s, expected as many".formatted(strides, shape));
    }
    if (shape.contains(0L)) {
      return;
    }
    long stride = 1;
    for (int i = shape.size() - 1; i >= 0; i--) {
      if (shape.get(i) != 1 && strides.get(i) != stride) {
        throw reader.malformed(
            "strides %s of shape %s, expected those of row-major order".formatted(strides, shape));
      }
      stride *= shape.get(i); // fits: the product of all was computed exactly
    }
  }

  /// Gives a name to a tensor.
  void name(Text key, PickleValue value) {
    String name = reader.name(key, "the name of a tensor", MAX_NAME_BYTES);
    if (!Names.isPrintable(name)) {
      throw reader.malformed("the name of a tensor is empty or holds control characters");
    }
    if (!(value instanceof View(DType dtype, List<Long> shape, MemorySegment bytes))) {
      throw reader.malformed("%s is %s, expected a tensor".formatted(Excerpt.quoted(name), value));
    }
    reader.charge(TENSOR_BYTES);
    if (named.put(name, new Tensor(name, reader.file(), dtype, shape, bytes)) != null) {
      throw reader.malformed(
          "tensor %s stands in it twice, expected once".formatted(Excerpt.quoted(name)));
    }
    if (named.size() > MAX_TENSORS) {
      throw reader.malformed("more than %d tensors, expected fewer".formatted(MAX_TENSORS));
    }
  }

  /// The value, if it is of this type.
  <T extends PickleValue> T is(PickleValue value, Class<T> type, String expectation) {
    if (!type.isInstance(value)) {
      throw reader.malformed("%s, expected %s".formatted(value, expectation));
    }
    return type.cast(value);
  }
}
