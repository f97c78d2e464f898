package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.glmspark.tensor.DType;

/// What can lie on the stack of a [CheckpointPickle]. `toString` is short and made for messages.
sealed interface PickleValue {

  enum Constant implements PickleValue {
    NONE("None"),
    TRUE("True"),
    FALSE("False"),
    TENSORS("the dictionary of tensors"),
    OTHER_DICTIONARY("a dictionary");

    private final String description;

    Constant(String description) {
      this.description = description;
    }

    boolean isDictionary() {
      return this == TENSORS || this == OTHER_DICTIONARY;
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /// What a pickle can name.
  sealed interface Global extends PickleValue {
    /// Module and name, with a blank between.
    String global();
  }

  /// What a pickle may call.
  enum Function implements Global {
    ORDERED_DICTIONARY("collections OrderedDict"),
    TENSOR("torch._utils _rebuild_tensor_v2"),
    PARAMETER("torch._utils _rebuild_parameter");

    private final String global;

    Function(String global) {
      this.global = global;
    }

    @Override
    public String global() {
      return global;
    }

    @Override
    public String toString() {
      return global;
    }
  }

  /// What a pickle may name as the type of a storage.
  enum StorageType implements Global {
    DOUBLE("torch DoubleStorage", DType.F64),
    FLOAT("torch FloatStorage", DType.F32),
    HALF("torch HalfStorage", DType.F16),
    BFLOAT16("torch BFloat16Storage", DType.BF16),
    LONG("torch LongStorage", DType.I64),
    INT("torch IntStorage", DType.I32),
    SHORT("torch ShortStorage", DType.I16),
    CHAR("torch CharStorage", DType.I8),
    BYTE("torch ByteStorage", DType.U8),
    BOOL("torch BoolStorage", DType.BOOL);

    private final String global;
    private final DType dtype;

    StorageType(String global, DType dtype) {
      this.global = global;
      this.dtype = dtype;
    }

    DType dtype() {
      return dtype;
    }

    @Override
    public String global() {
      return global;
    }

    @Override
    public String toString() {
      return global;
    }
  }

  record Whole(long value) implements PickleValue {
    @Override
    public String toString() {
      return Long.toString(value);
    }
  }

  /// Text that nobody may ask for, so it stays in the pickle.
  record Text(int start, int bytes) implements PickleValue {
    @Override
    public String toString() {
      return "a text of %d bytes".formatted(bytes);
    }
  }

  record Tuple(List<PickleValue> elements) implements PickleValue {
    static final Tuple EMPTY = new Tuple(List.of());

    @Override
    public String toString() {
      return "a tuple of " + elements.size();
    }
  }

  record Storage(String key, DType dtype, long elements, MemorySegment bytes)
      implements PickleValue {
    @Override
    public String toString() {
      return "a storage";
    }
  }

  record View(DType dtype, List<Long> shape, MemorySegment bytes) implements PickleValue {
    @Override
    public String toString() {
      return "a tensor";
    }
  }
}
