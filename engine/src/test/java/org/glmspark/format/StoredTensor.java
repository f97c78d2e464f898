package org.glmspark.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.glmspark.tensor.DType;

/// A tensor on its way into a file, and the two formats of files that model folders have.
///
/// @param dtype F32, F16 or I8
/// @param data row-major, little-endian
public record StoredTensor(String name, DType dtype, List<Long> shape, byte[] data) {

  /// Values of float32.
  public static StoredTensor ofFloats(String name, float[] values, Long... shape) {
    byte[] data = new byte[Float.BYTES * values.length];
    ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return new StoredTensor(name, DType.F32, List.of(shape), data);
  }

  /// Values rounded to float16.
  public static StoredTensor ofHalves(String name, float[] values, Long... shape) {
    byte[] data = new byte[Short.BYTES * values.length];
    ByteBuffer buffer = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      buffer.putShort(Float.floatToFloat16(value));
    }
    return new StoredTensor(name, DType.F16, List.of(shape), data);
  }

  /// Writes `model.safetensors`.
  public static void writeSafetensors(Path folder, List<StoredTensor> tensors) {
    var entries = new ArrayList<String>();
    int end = 0;
    for (StoredTensor tensor : tensors) {
      int start = end;
      end += tensor.data.length;
      entries.add(
          "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(tensor.name, tensor.dtype, tensor.shape, start, end));
    }
    byte[] data = GgufBytes.concat(tensors.stream().map(StoredTensor::data).toArray(byte[][]::new));
    try {
      Files.write(
          folder.resolve("model.safetensors"),
          Safetensors.bytes("{" + String.join(",", entries) + "}", data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Writes `pytorch_model.bin`, each tensor with a storage of its own.
  public static void writeTorch(Path folder, List<StoredTensor> tensors) {
    PickleBytes pickle = PickleBytes.dictionary();
    for (int i = 0; i < tensors.size(); i++) {
      StoredTensor tensor = tensors.get(i);
      long elements = tensor.data.length / tensor.dtype.bytes();
      pickle.tensor(
          tensor.name,
          tensor.storageType(),
          String.valueOf(i),
          elements,
          0,
          tensor.shape,
          tensor.strides());
    }
    ZipBytes zip = ZipBytes.narrow().add("archive/data.pkl", pickle.end());
    for (int i = 0; i < tensors.size(); i++) {
      zip.add("archive/data/" + i, tensors.get(i).data);
    }
    try {
      zip.write(folder.resolve("pytorch_model.bin"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String storageType() {
    return switch (dtype) {
      case F32 -> "FloatStorage";
      case F16 -> "HalfStorage";
      case I8 -> "CharStorage";
      default -> throw new IllegalArgumentException(name + " is " + dtype);
    };
  }

  private List<Long> strides() {
    var strides = new ArrayList<Long>();
    long stride = 1;
    for (long size : shape.reversed()) {
      strides.addFirst(stride);
      stride *= size;
    }
    return strides;
  }
}
