package org.glmspark.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// The sample model inside matrices that are as wide as those of GLM-4-9B, so that a step reads far
/// more than the caches hold, as it does with real models; it still summarises.
///
/// All that is added is zeros, at the ends of rows and columns. The mean square that a norm divides
/// by is then smaller by [#WIDENING], so the norms' weights are divided by its root and their
/// epsilon by itself. Both are powers of two: no bit of any sum, and so of any answer, changes.
final class WideSampleModel {
  private static final int NARROW = 256;
  private static final int WIDENING = 16;
  private static final int NORM_WIDENING = 4; // the root of it

  /// Half of what GLM-4-9B has. In four bits a step reads 190 MB of such weights.
  private static final int FEED_FORWARD = 6848;

  private static final int HIDDEN = NARROW * WIDENING;
  private static final int LENGTH_BYTES = 8;
  private static final String MODEL = "model.safetensors";
  private static final String CONFIG = "config.json";

  private WideSampleModel() {}

  /// Writes the model as a published folder.
  static void write(Path folder) throws IOException {
    try (var files = Files.list(SampleModel.FOLDER)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (!name.equals(MODEL) && !name.equals(CONFIG)) {
          Files.copy(file, folder.resolve(name));
        }
      }
    }
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config = (ObjectNode) mapper.readTree(SampleModel.FOLDER.resolve(CONFIG).toFile());
    config.put("hidden_size", HIDDEN);
    config.put("ffn_hidden_size", FEED_FORWARD);
    config.put("layernorm_epsilon", config.get("layernorm_epsilon").doubleValue() / WIDENING);
    mapper.writeValue(folder.resolve(CONFIG).toFile(), config);
    writeWeights(folder.resolve(MODEL), mapper);
  }

  private static void writeWeights(Path target, ObjectMapper mapper) throws IOException {
    ByteBuffer narrow =
        ByteBuffer.wrap(Files.readAllBytes(SampleModel.FOLDER.resolve(MODEL)))
            .order(ByteOrder.LITTLE_ENDIAN);
    int headerBytes = Math.toIntExact(narrow.getLong(0));
    JsonNode tensors = mapper.readTree(narrow.array(), LENGTH_BYTES, headerBytes);
    ObjectNode header = mapper.createObjectNode();
    long end = 0;
    for (var tensor : tensors.properties()) {
      if (tensor.getValue().has("shape")) {
        List<Integer> shape = Shape.of(tensor.getKey(), tensor.getValue()).wide();
        long bytes = (long) Short.BYTES * shape.stream().reduce(1, (a, b) -> a * b);
        ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "BF16");
        entry.set("shape", mapper.valueToTree(shape));
        entry.putArray("data_offsets").add(end).add(end + bytes);
        end += bytes;
      }
    }
    byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
    long data = (long) LENGTH_BYTES + text.length;
    try (FileChannel file =
        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer length = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      writeAll(file, length.putLong(0, text.length), 0);
      writeAll(file, ByteBuffer.wrap(text), LENGTH_BYTES);
      writeAll(file, ByteBuffer.allocate(1), data + end - 1); // what is not written is zeros
      for (var tensor : header.properties()) {
        Shape shape = Shape.of(tensor.getKey(), tensors.get(tensor.getKey()));
        long source = LENGTH_BYTES + headerBytes + offset(tensors.get(tensor.getKey()));
        long place = data + offset(tensor.getValue());
        for (int row = 0; row < shape.rows; row++) {
          ByteBuffer values =
              narrow.slice(Math.toIntExact(source + 2L * row * shape.columns), 2 * shape.columns);
          writeAll(
              file,
              shape.isNorm() ? divided(values) : values,
              place + 2L * shape.wideRow(row) * shape.wideColumns());
        }
      }
    }
  }

  private static long offset(JsonNode tensor) {
    return tensor.get("data_offsets").get(0).longValue();
  }

  /// How a tensor grows.
  ///
  /// @param rows 1 if it is a vector
  private record Shape(String name, boolean vector, int rows, int columns) {
    static Shape of(String name, JsonNode tensor) {
      JsonNode shape = tensor.get("shape");
      boolean vector = shape.size() == 1;
      int rows = vector ? 1 : shape.get(0).intValue();
      return new Shape(name, vector, rows, shape.get(shape.size() - 1).intValue());
    }

    boolean isNorm() {
      return name.endsWith("layernorm.weight");
    }

    /// Gate and up, one above the other.
    private boolean isGateUp() {
      return name.endsWith("dense_h_to_4h.weight");
    }

    int wideRow(int row) {
      return isGateUp() && row >= rows / 2 ? row - rows / 2 + FEED_FORWARD : row;
    }

    int wideColumns() {
      if (name.endsWith("dense_4h_to_h.weight")) {
        return FEED_FORWARD;
      }
      boolean ofHidden = !name.endsWith("bias") && !name.endsWith("attention.dense.weight");
      return ofHidden ? HIDDEN : columns;
    }

    private int wideRows() {
      if (isGateUp()) {
        return 2 * FEED_FORWARD;
      }
      boolean toHidden =
          name.endsWith("attention.dense.weight") || name.endsWith("dense_4h_to_h.weight");
      return toHidden ? HIDDEN : rows;
    }

    List<Integer> wide() {
      return vector ? List.of(wideColumns()) : List.of(wideRows(), wideColumns());
    }
  }

  private static ByteBuffer divided(ByteBuffer values) {
    ByteBuffer divided = ByteBuffer.allocate(values.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    values.order(ByteOrder.LITTLE_ENDIAN);
    while (values.hasRemaining()) {
      float value = Float.intBitsToFloat(values.getShort() << Short.SIZE) / NORM_WIDENING;
      divided.putShort((short) (Float.floatToRawIntBits(value) >>> Short.SIZE));
    }
    return divided.flip();
  }

  private static void writeAll(FileChannel file, ByteBuffer bytes, long offset) throws IOException {
    long position = offset;
    while (bytes.hasRemaining()) {
      position += file.write(bytes, position);
    }
  }
}
