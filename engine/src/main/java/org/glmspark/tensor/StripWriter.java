package org.glmspark.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// Brings stored matrices into the layout of [StripMatrix]. Not for two threads at once.
///
/// Rows go through the heap, some columns at a time: reading a mapped file element by element costs
/// several times as much.
final class StripWriter {
  private static final int STRIP_ROWS = StripMatrix.STRIP_ROWS;

  /// Columns that go through the heap at once: a multiple of the blocks of every type.
  private static final int CHUNK_COLUMNS = 512;

  /// The same for quantised types, whose scales are searched for many blocks at once.
  private static final int QUANTIZED_COLUMNS = 4096;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final List<? extends StoredMatrix> parts;
  private final WeightType type;
  private final int rows;
  private final int columns;

  StripWriter(List<? extends StoredMatrix> parts, WeightType type) {
    StoredMatrix first = parts.getFirst();
    long sum = 0;
    for (StoredMatrix part : parts) {
      requireMatrix(part, first);
      sum += part.shape().getFirst();
    }
    this.parts = parts;
    this.type = type;
    this.rows = Math.toIntExact(sum);
    this.columns = Math.toIntExact(first.shape().get(1));
  }

  private static void requireMatrix(StoredMatrix part, StoredMatrix first) {
    if (part instanceof Tensor tensor && !tensor.dtype().decodesToFloats()) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s, expected F32, F16, BF16 or a block type"
              .formatted(part.file(), part.name(), tensor.dtype()));
    }
    if (part.shape().size() != 2 || !part.shape().get(1).equals(first.shape().get(1))) {
      throw new IllegalArgumentException(
          "%s: tensor '%s' is %s, expected a matrix with as many columns as '%s' %s"
              .formatted(part.file(), part.name(), part.shape(), first.name(), first.shape()));
    }
  }

  /// Rows of all parts.
  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /// A row of the result: where it stands in its part.
  private record Row(StoredMatrix part, int number) {
    NonFiniteWeightException nonFinite(int firstColumn, int count, String found, String expected) {
      return new NonFiniteWeightException(
          part.file(),
          "tensor '%s', row %d, columns %d to %d"
              .formatted(part.name(), number, firstColumn, firstColumn + count - 1),
          "%s, expected %s".formatted(found, expected));
    }
  }

  void write(int firstStrip, int endStrip, MemorySegment target) {
    long bytes = (endStrip - firstStrip) * type.stripBytes(columns);
    if (firstStrip < 0
        || firstStrip > endStrip
        || endStrip > StripMatrix.strips(rows)
        || target.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "strips %d to %d of %d into %d bytes"
              .formatted(firstStrip, endStrip, StripMatrix.strips(rows), target.byteSize()));
    }
    switch (type) {
      case F32 -> writeFloats(firstStrip, endStrip, target);
      case F16, BF16 -> writeHalves(firstStrip, endStrip, target);
      case Q8, Q4, Q4M -> writeBlocks(firstStrip, endStrip, target);
    }
  }

  private void writeFloats(int firstStrip, int endStrip, MemorySegment target) {
    float[] line = new float[CHUNK_COLUMNS];
    float[] chunk = new float[CHUNK_COLUMNS * STRIP_ROWS];
    long offset = 0;
    for (int strip = firstStrip; strip < endStrip; strip++) {
      Row[] lanes = lanes(strip);
      Arrays.fill(chunk, 0);
      for (int column = 0; column < columns; column += CHUNK_COLUMNS) {
        int count = Math.min(CHUNK_COLUMNS, columns - column);
        for (int lane = 0; lane < lanes.length; lane++) {
          decode(lanes[lane], column, count, line);
          for (int i = 0; i < count; i++) {
            chunk[i * STRIP_ROWS + lane] = line[i];
          }
        }
        MemorySegment.copy(chunk, 0, target, FLOAT, offset, count * STRIP_ROWS);
        offset += 4L * count * STRIP_ROWS;
      }
    }
  }

  private void writeHalves(int firstStrip, int endStrip, MemorySegment target) {
    float[] floats = new float[CHUNK_COLUMNS];
    short[] line = new short[CHUNK_COLUMNS];
    short[] chunk = new short[CHUNK_COLUMNS * STRIP_ROWS];
    long offset = 0;
    for (int strip = firstStrip; strip < endStrip; strip++) {
      Row[] lanes = lanes(strip);
      Arrays.fill(chunk, (short) 0);
      for (int column = 0; column < columns; column += CHUNK_COLUMNS) {
        int count = Math.min(CHUNK_COLUMNS, columns - column);
        for (int lane = 0; lane < lanes.length; lane++) {
          halves(lanes[lane], column, count, floats, line);
          for (int i = 0; i < count; i++) {
            chunk[i * STRIP_ROWS + lane] = line[i];
          }
        }
        MemorySegment.copy(chunk, 0, target, SHORT, offset, count * STRIP_ROWS);
        offset += 2L * count * STRIP_ROWS;
      }
    }
  }

  /// Values of a row as F16 or BF16: the bits that are stored, or rounded.
  private void halves(Row row, int column, int count, float[] floats, short[] out) {
    if (row.part() instanceof Tensor tensor && tensor.weightType() == type) {
      long element = (long) row.number() * columns + column;
      MemorySegment.copy(tensor.data(), SHORT, 2 * element, out, 0, count);
      return;
    }
    decode(row, column, count, floats);
    for (int i = 0; i < count; i++) {
      out[i] = type == WeightType.F16 ? Float.floatToFloat16(floats[i]) : bfloat16(floats[i]);
      float rounded =
          type == WeightType.F16
              ? Float.float16ToFloat(out[i])
              : Float.intBitsToFloat(out[i] << Short.SIZE);
      if (!Float.isFinite(rounded)) {
        throw row.nonFinite(
            column + i,
            1,
            "%s".formatted(floats[i]),
            "a number in the range of " + type.optionName());
      }
    }
  }

  /// The upper half of a float, rounded half to even; the lower half only carries into it.
  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.isFinite(value)
        ? (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16)
        : (short) (bits >>> 16 | 1); // no number stays none; the caller refuses both
  }

  private void writeBlocks(int firstStrip, int endStrip, MemorySegment target) {
    var line = new QuantizedLine(QUANTIZED_COLUMNS);
    var quantizer = new BlockQuantizer(QUANTIZED_COLUMNS);
    float[] floats = new float[QUANTIZED_COLUMNS];
    int blockBytes = type.stripBlockBytes();
    byte[] chunk = new byte[QUANTIZED_COLUMNS / StripMatrix.BLOCK_COLUMNS * blockBytes];
    long offset = 0;
    for (int strip = firstStrip; strip < endStrip; strip++) {
      Row[] lanes = lanes(strip);
      Arrays.fill(chunk, (byte) 0);
      for (int column = 0; column < columns; column += QUANTIZED_COLUMNS) {
        int count = Math.min(QUANTIZED_COLUMNS, columns - column);
        int bytes = type.blocks(count) * blockBytes;
        for (int lane = 0; lane < lanes.length; lane++) {
          read(lanes[lane], column, count, floats, quantizer, line);
          line.interleave(type, type.blocks(count), lane, chunk);
        }
        MemorySegment.copy(chunk, 0, target, ValueLayout.JAVA_BYTE, offset, bytes);
        offset += bytes;
      }
    }
  }

  private void read(
      Row row,
      int column,
      int count,
      float[] floats,
      BlockQuantizer quantizer,
      QuantizedLine line) {
    if (!LosslessBlocks.read(row.part(), row.number(), column, count, type, line)) {
      decode(row, column, count, floats);
      quantizer.quantize(floats, count, type, line);
    }
    for (int block = 0; block < type.blocks(count); block++) {
      float scale = Float.float16ToFloat(line.scales[block]);
      float minimum = Float.float16ToFloat(line.minimums[block]);
      if (!Float.isFinite(scale) || (type == WeightType.Q4M && !Float.isFinite(minimum))) {
        int first = column + block * StripMatrix.BLOCK_COLUMNS;
        int blockColumns = Math.min(StripMatrix.BLOCK_COLUMNS, columns - first);
        throw row.nonFinite(
            first,
            blockColumns,
            "scale or minimum is not finite in float16",
            "weights that %s can hold".formatted(type.optionName()));
      }
    }
  }

  private void decode(Row row, int column, int count, float[] out) {
    row.part().decode((long) row.number() * columns + column, count, out, 0);
  }

  /// The rows of a strip, fewer than 16 in the last one.
  private Row[] lanes(int strip) {
    int first = strip * STRIP_ROWS;
    var lanes = new Row[Math.min(STRIP_ROWS, rows - first)];
    for (int lane = 0; lane < lanes.length; lane++) {
      lanes[lane] = row(first + lane);
    }
    return lanes;
  }

  private Row row(int number) {
    int left = number;
    for (StoredMatrix part : parts) {
      int partRows = Math.toIntExact(part.shape().getFirst());
      if (left < partRows) {
        return new Row(part, left);
      }
      left -= partRows;
    }
    throw new IndexOutOfBoundsException("row %d of %d".formatted(number, rows));
  }
}
