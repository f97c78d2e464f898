package org.glmspark.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StoredMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// A model of random weights in the shape of a real one: it takes the time and the memory of the
/// real one, and what it says is noise.
///
/// Matrices of one size have the same numbers, so that making them costs little; each lies in
/// memory of its own all the same.
public final class RandomModel {
  private static final String NAME = "random weights";

  /// Bytes that one generator fills.
  private static final int CHUNK_BYTES = 1 << 20;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private RandomModel() {}

  /// Makes a model without tokenizer.
  ///
  /// @param weights how the matrices of the layers are kept
  /// @param output how the output matrix is kept
  /// @throws OutOfMemoryError if the machine has not that much memory
  public static Model load(ModelConfig config, WeightType weights, WeightType output) {
    Arena memory = Arena.ofShared();
    try (Arena stored = Arena.ofShared()) {
      CheckpointTensors tensors = tensors(config, weights, output, memory, stored);
      return new Model(
          Path.of(NAME),
          ModelOverrides.NONE,
          NAME,
          config,
          ModelWeights.of(
              config, InterleavedWeights.of(NAME, tensors.weights(), WeightType::common, memory)),
          null,
          null,
          List.of(),
          List.of(),
          memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /// The weights as a checkpoint would store them; all layers share theirs.
  ///
  /// @param memory owns the embedding
  /// @param stored owns all else
  static CheckpointTensors tensors(
      ModelConfig config, WeightType weights, WeightType output, Arena memory, Arena stored) {
    int hidden = config.hiddenSize();
    int width = config.heads() * config.headSize();
    Tensor norm = constant(hidden, 1, stored);
    Tensor postNorm = config.blockType() == BlockType.SANDWICH_NORM ? norm : null;
    Tensor queryKeyValue = matrix(weights, config.queryKeyValueRows(), hidden, stored);
    Tensor attentionOutput = matrix(weights, hidden, width, stored);
    Tensor gateUp = matrix(weights, 2 * config.feedForwardSize(), hidden, stored);
    Tensor down = matrix(weights, hidden, config.feedForwardSize(), stored);
    List<Tensor> bias =
        config.queryKeyValueBias()
            ? List.of(constant(config.queryKeyValueRows(), 0, stored))
            : List.of();
    CheckpointTensors.Layer layer =
        layer(norm, queryKeyValue, bias, attentionOutput, postNorm, gateUp, down);
    Tensor embedding = matrix(weights, config.vocabularySize(), hidden, memory);
    return new CheckpointTensors(
        embedding,
        IntStream.range(0, config.layers()).mapToObj(_ -> layer).toList(),
        norm,
        output == weights ? embedding : matrix(output, config.vocabularySize(), hidden, stored));
  }

  private static CheckpointTensors.Layer layer(
      Tensor norm,
      StoredMatrix queryKeyValue,
      List<Tensor> bias,
      StoredMatrix attentionOutput,
      @Nullable Tensor postNorm,
      StoredMatrix gateUp,
      StoredMatrix down) {
    return new CheckpointTensors.Layer(
        norm,
        List.of(queryKeyValue),
        bias,
        attentionOutput,
        postNorm,
        norm,
        gateUp,
        down,
        postNorm);
  }

  private static Tensor constant(int size, float value, Arena memory) {
    MemorySegment data = memory.allocate((long) size * Float.BYTES);
    for (int i = 0; i < size; i++) {
      data.set(INT, (long) i * Float.BYTES, Float.floatToRawIntBits(value));
    }
    return new Tensor("constant", NAME, DType.F32, List.of((long) size), data);
  }

  private static Tensor matrix(WeightType type, int rows, int columns, Arena memory) {
    DType stored =
        switch (type) {
          case F32 -> DType.F32;
          case F16 -> DType.F16;
          case BF16 -> DType.BF16;
          case Q8 -> DType.Q8_0;
          case Q4 -> DType.Q4_0;
          case Q4M -> DType.Q4_1;
        };
    List<Long> shape = List.of((long) rows, (long) columns);
    MemorySegment data = memory.allocate(stored.bytes(shape), 64);
    long blocks = data.byteSize() / stored.blockBytes();
    long chunkBlocks = CHUNK_BYTES / stored.blockBytes();
    LongStream.range(0, Math.ceilDiv(blocks, chunkBlocks))
        .parallel()
        .forEach(chunk -> {
          long first = chunk * chunkBlocks;
          long count = Math.min(chunkBlocks, blocks - first);
          MemorySegment part =
              data.asSlice(first * stored.blockBytes(), count * stored.blockBytes());
          fill(part, stored, new SplittableRandom(chunk));
        });
    return new Tensor("matrix", NAME, stored, shape, data);
  }

  /// Random bits, in which exponents and scales are then set so that all values lie below 1/8 in
  /// size: a normalised row that is multiplied with them stays finite.
  private static void fill(MemorySegment data, DType type, SplittableRandom random) {
    byte[] bits = new byte[(int) data.byteSize()];
    random.nextBytes(bits);
    MemorySegment.copy(bits, 0, data, ValueLayout.JAVA_BYTE, 0, bits.length);
    short scale = Float.floatToFloat16(type == DType.Q8_0 ? 0x1p-12f : 0x1p-8f);
    short minimum = Float.floatToFloat16(-0x1p-5f);
    for (long block = 0; block < bits.length; block += type.blockBytes()) {
      switch (type) {
        case F32 -> data.set(INT, block, (data.get(INT, block) & 0x81ff_ffff) | 0x3c00_0000);
        case BF16 -> data.set(SHORT, block, (short) ((data.get(SHORT, block) & 0x81ff) | 0x3c00));
        case F16 -> data.set(SHORT, block, (short) ((data.get(SHORT, block) & 0x8fff) | 0x2000));
        case Q8_0, Q4_0 -> data.set(SHORT, block, scale);
        case Q4_1 -> {
          data.set(SHORT, block, scale);
          data.set(SHORT, block + 2, minimum);
        }
        default -> throw new IllegalArgumentException("random " + type);
      }
    }
  }
}
