package org.glmspark.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.glmspark.kernel.x86.ActivationTile;
import org.glmspark.kernel.x86.FloatKernels;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// Activations rounded to 8 bits for a product with quantised weights, for each token and block of
/// 32 columns:
///
/// `m = max |x|`; if `m < 2^-100`, scale and integers are 0; otherwise `scale = m / 127` and `q =
/// rint(x · (127 / m))`, half to even.
///
/// Where a value is not finite, the scale of its block is not, and so no product with it.
///
/// Tokens lie in tiles as even as can be, in the layout of [ActivationTile], columns in panels of
/// some blocks: `[panel][tile][block of the panel]`. The memory is outside the heap, allocated once
/// and used again by every product.
public final class Q8Activations {
  private static final int BLOCK = StripMatrix.BLOCK_COLUMNS;
  private static final float SMALLEST = 0x1p-100f;
  private static final float MAGIC = ActivationTile.MAGIC; // adding it rounds to an integer
  private static final int MAGIC_BITS = Float.floatToRawIntBits(MAGIC);
  private static final int MAGNITUDE = 0x7fffffff;
  private static final int ALIGNMENT = 64;

  /// As many bytes as a register has floats, where there is such a register.
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * Lanes.COUNT)));

  private final MemorySegment memory;
  private final int maxRows;
  private final @Nullable FloatKernels assembled;
  private WeightType type = WeightType.Q8;
  private int rows;
  private int columns;
  private int blocks;
  private int offset;
  private int panelBlocks;

  /// @param maxRows most tokens
  /// @param maxColumns most columns of a token
  /// @param assembled or null if there is none
  public Q8Activations(int maxRows, int maxColumns, @Nullable FloatKernels assembled) {
    this.maxRows = maxRows;
    this.assembled = assembled;
    long rowBytes =
        (long) WeightType.Q4M.blocks(maxColumns) * ActivationTile.tokenBlockBytes(WeightType.Q4M);
    this.memory = Arena.ofAuto().allocate(maxRows * rowBytes, ALIGNMENT);
  }

  /// Sets what the memory is used for. What it held is lost.
  ///
  /// @param type of the weights that the activations are multiplied with
  /// @param offset what their integers are too large by; see [ActivationTile]
  /// @param panelBlocks blocks of a panel
  public void use(WeightType type, int rows, int columns, int offset, int panelBlocks) {
    long bytes = (long) rows * type.blocks(columns) * ActivationTile.tokenBlockBytes(type);
    if (!type.isQuantized() || rows > maxRows || bytes > memory.byteSize()) {
      throw new IllegalArgumentException(
          "%d rows of %d columns for %s take %d bytes, there are %d for %d rows"
              .formatted(rows, columns, type.optionName(), bytes, memory.byteSize(), maxRows));
    }
    this.type = type;
    this.rows = rows;
    this.columns = columns;
    this.blocks = type.blocks(columns);
    this.offset = offset;
    this.panelBlocks = panelBlocks;
  }

  /// The type of the weights.
  public WeightType type() {
    return type;
  }

  /// Tokens in use.
  public int rows() {
    return rows;
  }

  /// Columns of a token.
  public int columns() {
    return columns;
  }

  /// Blocks of a token.
  int blocks() {
    return blocks;
  }

  /// Blocks of a panel; the last one may have fewer.
  int panelBlocks() {
    return panelBlocks;
  }

  // --- Tiles: the first `rows % tiles` of them have one token more than the others ---

  /// The number of tiles.
  int tiles() {
    return Math.ceilDiv(rows, ActivationTile.MAX_TOKENS);
  }

  /// The first token of a tile; of the tile after the last, the number of tokens.
  int firstRow(int tile) {
    return tile * (rows / tiles()) + Math.min(tile, rows % tiles());
  }

  private int tileOf(int row) {
    int small = rows / tiles();
    int large = rows % tiles() * (small + 1); // tokens of the larger tiles
    return row < large ? row / (small + 1) : rows % tiles() + (row - large) / small;
  }

  /// How a tile lies in its memory.
  ActivationTile layout(int tile) {
    return new ActivationTile(type, firstRow(tile + 1) - firstRow(tile));
  }

  /// The first tile after this one that has another size.
  int endOfEqualTiles(int tile) {
    int large = rows % tiles();
    return tile < large ? large : tiles();
  }

  /// The memory of a tile, where one panel has all blocks.
  MemorySegment tile(int tile) {
    return memory.asSlice(offset(tile, 0), (long) blocks * layout(tile).blockBytes());
  }

  /// The memory of one panel, of some tiles.
  ///
  /// @param block the panel's first one
  /// @param tile the first one
  /// @param end the first tile behind them
  MemorySegment panel(int block, int tile, int end) {
    int tokens = firstRow(end) - firstRow(tile);
    int count = Math.min(panelBlocks, blocks - block);
    long bytes = (long) tokens * count * ActivationTile.tokenBlockBytes(type);
    return memory.asSlice(offset(tile, block), bytes);
  }

  private long offset(int tile, int block) {
    int first = block / panelBlocks * panelBlocks; // of the panel
    int count = Math.min(panelBlocks, blocks - first);
    long tokenBlocks =
        (long) first * rows
            + (long) firstRow(tile) * count
            + (long) (block - first) * (firstRow(tile + 1) - firstRow(tile));
    return tokenBlocks * ActivationTile.tokenBlockBytes(type);
  }

  /// Rounds one token.
  ///
  /// @param x `[rows, columns]`
  /// @throws IllegalArgumentException if `x` has other sizes than those in use
  public void quantize(FloatMatrix x, int row) {
    if (x.rows() != rows || x.columns() != columns) {
      throw new IllegalArgumentException(
          "x is [%d, %d], expected [%d, %d]".formatted(x.rows(), x.columns(), rows, columns));
    }
    Objects.checkIndex(row, rows);
    int tile = tileOf(row);
    ActivationTile layout = layout(tile);
    int token = row - firstRow(tile);
    int input = x.offset(row);
    int blockBytes = layout.blockBytes();
    for (int panel = 0; panel < blocks; panel += panelBlocks) {
      long target = offset(tile, panel);
      int end = Math.min(blocks, panel + panelBlocks);
      int block = panel;
      int whole = Math.min(end, columns / BLOCK);
      if (assembled != null && block < whole) {
        MemorySegment out = memory.asSlice(target, (long) (end - block) * blockBytes);
        assembled.quantize(
            x.values(), input + block * BLOCK, whole - block, layout, token, offset, out);
        target += (long) (whole - block) * blockBytes;
        block = whole;
      }
      for (; block < end; block++, target += blockBytes) {
        int column = block * BLOCK;
        int count = Math.min(BLOCK, columns - column);
        quantizeBlock(x.values(), input + column, count, target, layout, token);
      }
    }
  }

  private void quantizeBlock(
      float[] x, int input, int count, long block, ActivationTile layout, int token) {
    float largest = Float.intBitsToFloat(largestMagnitude(x, input, count));
    float scale = 0;
    float inverse = 0;
    if (!(largest < SMALLEST)) { // no number is not small
      scale = largest / 127;
      inverse = 127 / largest;
    }
    IntVector sums = IntVector.zero(Lanes.INTS);
    long target = block + (long) token * ActivationTile.TOKEN_BYTES;
    for (int i = 0; i < BLOCK; i += Lanes.COUNT) {
      IntVector integers =
          load(x, input, i, count).mul(inverse).add(MAGIC).reinterpretAsInts().sub(MAGIC_BITS);
      sums = sums.add(integers);
      storeBytes(integers, target + i);
    }
    int sum = sums.reduceLanes(VectorOperators.ADD);
    long word = block + 4L * token;
    memory.set(ValueLayout.JAVA_INT, word + layout.startsOffset(), MAGIC_BITS - offset * sum);
    memory.set(ValueLayout.JAVA_FLOAT, word + layout.scalesOffset(), scale);
    if (type == WeightType.Q4M) {
      memory.set(ValueLayout.JAVA_FLOAT, word + layout.sumsOffset(), sum);
    }
  }

  /// As bits, whose order is that of the magnitudes; no number is above all.
  private static int largestMagnitude(float[] x, int input, int count) {
    IntVector largest = IntVector.zero(Lanes.INTS);
    for (int i = 0; i < BLOCK; i += Lanes.COUNT) {
      largest = largest.max(load(x, input, i, count).reinterpretAsInts().and(MAGNITUDE));
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }

  /// A register of a block; what is beyond `count` is 0.
  private static FloatVector load(float[] x, int input, int i, int count) {
    if (count == BLOCK) {
      return FloatVector.fromArray(Lanes.FLOATS, x, input + i);
    }
    VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, count);
    return FloatVector.fromArray(Lanes.FLOATS, x, input + i, mask);
  }

  private void storeBytes(IntVector integers, long target) {
    if (BYTES.length() == Lanes.COUNT) {
      ((ByteVector) integers.convertShape(VectorOperators.I2B, BYTES, 0))
          .intoMemorySegment(memory, target, ByteOrder.nativeOrder());
    } else { // no register is as short as 4 bytes
      for (int lane = 0; lane < Lanes.COUNT; lane++) {
        memory.set(ValueLayout.JAVA_BYTE, target + lane, (byte) integers.lane(lane));
      }
    }
  }

  // --- For kernels that compute with floats ---

  /// Widens the integers of one token and block.
  ///
  /// @param out gets 32 floats from `outOffset` on
  void widen(int row, int block, float[] out, int outOffset) {
    int tile = tileOf(row);
    long source = offset(tile, block) + (long) (row - firstRow(tile)) * ActivationTile.TOKEN_BYTES;
    for (int i = 0; i < BLOCK; i += BYTES.length()) {
      var bytes = ByteVector.fromMemorySegment(BYTES, memory, source + i, ByteOrder.nativeOrder());
      for (int part = 0; part < BYTES.length() / Lanes.COUNT; part++) {
        bytes
            .convertShape(VectorOperators.B2F, Lanes.FLOATS, part)
            .reinterpretAsFloats()
            .intoArray(out, outOffset + i + part * Lanes.COUNT);
      }
    }
  }

  /// The scale of one token and block.
  float scale(int row, int block) {
    int tile = tileOf(row);
    ActivationTile layout = layout(tile);
    long start = offset(tile, block) + 4L * (row - firstRow(tile));
    return memory.get(ValueLayout.JAVA_FLOAT, start + layout.scalesOffset());
  }

  /// The sum of the integers of one token and block; only for weights with a minimum.
  float sum(int row, int block) {
    int tile = tileOf(row);
    ActivationTile layout = layout(tile);
    long start = offset(tile, block) + 4L * (row - firstRow(tile));
    return memory.get(ValueLayout.JAVA_FLOAT, start + layout.sumsOffset());
  }
}
