package org.glmspark.kernel.x86;

import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;

/// Assembles the three loops of attention over a tile of 64 keys: scores, their softmax, and the
/// values weighted with it.
///
/// In the first and the last two registers, of keys or of a value's elements, meet 4 or 8 queries:
/// what is loaded is used several times, and there are enough independent sums to hide the latency
/// of the multiply-add.
final class AttentionCode extends FloatCode {
  private static final int FLOAT = Float.BYTES;

  /// From one query's scores, and later probabilities, to the next one's.
  private static final int TILE_BYTES = FloatKernels.TILE_KEYS * FLOAT;

  /// From one element's keys, or one key's elements, to the next.
  private static final int LINE_BYTES = FloatKernels.LINE_FLOATS * FLOAT;

  private AttentionCode(Width width) {
    super(width);
  }

  /// Registers below it are for what is loaded.
  private int accumulator(int query, int half) {
    return (width == Width.ZMM ? 16 : 8) + 2 * query + half;
  }

  /// Scores of some queries and two registers of keys: `a[query][64]`, as far as the keys go, `= (Σ
  /// b[d][query] · c[d][key]) · x`, `d` ascending below `j`; the second register's keys lie `i`
  /// bytes after the first one's.
  static byte[] scores(Width width, int queries) {
    return new AttentionCode(width).scores(queries);
  }

  private byte[] scores(int queries) {
    int first = 1;
    int second = 2;
    int query = 3;
    Register secondKeys = Register.R10;
    assembler.mov(secondKeys, C);
    assembler.add(secondKeys, I);
    for (int i = 0; i < queries; i++) {
      zero(accumulator(i, 0));
      zero(accumulator(i, 1));
    }
    int element = assembler.position();
    load(first, new Memory(C, 0));
    load(second, new Memory(secondKeys, 0));
    for (int i = 0; i < queries; i++) {
      repeat(query, new Memory(B, i * FLOAT));
      emit(VectorInstruction.VFMADD231PS, accumulator(i, 0), first, new Vector(query));
      emit(VectorInstruction.VFMADD231PS, accumulator(i, 1), second, new Vector(query));
    }
    assembler.add(B, FloatKernels.GROUP_QUERIES * FLOAT);
    assembler.add(C, LINE_BYTES);
    assembler.add(secondKeys, LINE_BYTES);
    assembler.decrement(J);
    assembler.jumpIfNotZero(element);
    repeat(X, new Vector(X));
    for (int i = 0; i < queries; i++) {
      for (int half = 0; half < 2; half++) {
        emit(VectorInstruction.VMULPS, first, X, new Vector(accumulator(i, half)));
        store(first, new Memory(A, i * TILE_BYTES + half * width.bytes));
      }
    }
    return end();
  }

  /// Values of `k` keys, at least 1, for some queries and two registers of elements:
  /// `a[query][element] = a[query][element] · b[query] + Σ c[query][key] · d[key][element]`, keys
  /// ascending; rows of `a` are `i` bytes apart, and the second register's elements lie `j` bytes
  /// after the first one's.
  static byte[] values(Width width, int queries) {
    return new AttentionCode(width).values(queries);
  }

  private byte[] values(int queries) {
    int first = 0;
    int second = 1;
    int probability = 2;
    Register row = Register.R10;
    Register secondValues = J;
    Register keys = Register.RAX;
    assembler.mov(row, A);
    for (int i = 0; i < queries; i++) {
      repeat(probability, new Memory(B, i * FLOAT));
      for (int half = 0; half < 2; half++) {
        emit(
            VectorInstruction.VMULPS,
            accumulator(i, half),
            probability,
            new Memory(row, half * width.bytes));
      }
      assembler.add(row, I);
    }
    assembler.add(secondValues, D);
    assembler.load(keys, K);
    int key = assembler.position();
    load(first, new Memory(D, 0));
    load(second, new Memory(secondValues, 0));
    for (int i = 0; i < queries; i++) {
      repeat(probability, new Memory(C, i * TILE_BYTES));
      emit(VectorInstruction.VFMADD231PS, accumulator(i, 0), first, new Vector(probability));
      emit(VectorInstruction.VFMADD231PS, accumulator(i, 1), second, new Vector(probability));
    }
    assembler.add(C, FLOAT);
    assembler.add(D, LINE_BYTES);
    assembler.add(secondValues, LINE_BYTES);
    assembler.decrement(keys);
    assembler.jumpIfNotZero(key);
    for (int i = 0; i < queries; i++) {
      for (int half = 0; half < 2; half++) {
        store(accumulator(i, half), new Memory(A, half * width.bytes));
      }
      assembler.add(A, I);
    }
    return end();
  }

  /// The online softmax of `i` queries: `a[query][64]` become exponentials relative to the largest
  /// of them and of `b[query]`, which it replaces; `d[query]` becomes the exponential of what it
  /// replaced, relative to it; `c[query] = c[query] · d[query] + Σ a[query]`. The constants are at
  /// address `j`.
  static byte[] softmax(Width width) {
    return new AttentionCode(width).softmax();
  }

  private byte[] softmax() {
    int old = 0;
    int maximum = 1;
    int x = 2;
    int exponential = 3;
    int temporary = 4; // and three more
    int correction = 8;
    int firstSum = 9;
    int sums = 16 * FLOAT / width.bytes; // 16 lanes
    int registers = TILE_BYTES / width.bytes;

    int query = assembler.position();
    load(maximum, new Memory(A, 0));
    for (int i = 1; i < registers; i++) {
      emit(VectorInstruction.VMAXPS, maximum, maximum, new Memory(A, i * width.bytes));
    }
    assembler.combineLanes(width, VectorInstruction.VMAXPS, maximum, temporary);
    repeat(old, new Memory(B, 0));
    emit(VectorInstruction.VMAXPS, maximum, maximum, new Vector(old));
    storeLowest(maximum, new Memory(B, 0));
    emit(VectorInstruction.VSUBPS, x, old, new Vector(maximum));
    exponential(correction, x, temporary, J);
    storeLowest(correction, new Memory(D, 0));

    for (int i = 0; i < registers; i++) {
      load(x, new Memory(A, i * width.bytes));
      emit(VectorInstruction.VSUBPS, x, x, new Vector(maximum));
      exponential(exponential, x, temporary, J);
      store(exponential, new Memory(A, i * width.bytes));
      int sum = firstSum + i % sums;
      if (i < sums) {
        move(sum, exponential);
      } else {
        emit(VectorInstruction.VADDPS, sum, sum, new Vector(exponential));
      }
    }
    if (sums == 2) { // lane i with lane i + 8
      emit(VectorInstruction.VADDPS, firstSum, firstSum, new Vector(firstSum + 1));
    }
    assembler.combineLanes(width, VectorInstruction.VADDPS, firstSum, temporary);
    repeat(x, new Memory(C, 0));
    emit(VectorInstruction.VFMADD213PS, x, correction, new Vector(firstSum));
    storeLowest(x, new Memory(C, 0));

    assembler.add(A, TILE_BYTES);
    assembler.add(B, FLOAT);
    assembler.add(C, FLOAT);
    assembler.add(D, FLOAT);
    assembler.decrement(I);
    assembler.jumpIfNotZero(query);
    return end();
  }
}
