package org.glmspark.kernel.x86;

import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Register;
import org.glmspark.kernel.x86.Assembler.Relation;
import org.glmspark.kernel.x86.Assembler.Vector;
import org.glmspark.kernel.x86.Assembler.Width;
import org.glmspark.tensor.StripMatrix;

/// Assembles loops over the elements of rows, in rounds of 16 elements; `i` is the number of
/// rounds, at least 1.
final class RowCode extends FloatCode {
  /// Elements of a round.
  static final int ROUND = StripMatrix.STRIP_ROWS;

  private static final int ROUND_BYTES = ROUND * Float.BYTES;

  private RowCode(Width width) {
    super(width);
  }

  /// Where the registers of a round begin.
  private int[] parts() {
    return width == Width.ZMM ? new int[] {0} : new int[] {0, Width.YMM.bytes};
  }

  private void next(int position, Register... rows) {
    for (Register row : rows) {
      assembler.add(row, ROUND_BYTES);
    }
    assembler.decrement(I);
    assembler.jumpIfNotZero(position);
  }

  /// `a[i] += b[i]`.
  static byte[] addition(Width width) {
    var code = new RowCode(width);
    int round = code.assembler.position();
    for (int part : code.parts()) {
      code.load(0, new Memory(A, part));
      code.emit(VectorInstruction.VADDPS, 0, 0, new Memory(B, part));
      code.store(0, new Memory(A, part));
    }
    code.next(round, A, B);
    return code.end();
  }

  /// Sums of squares of the elements `i mod 16` of `b` into the 16 elements of `a`.
  static byte[] squares(Width width) {
    var code = new RowCode(width);
    int[] parts = code.parts();
    for (int i = 0; i < parts.length; i++) {
      code.zero(i);
    }
    int round = code.assembler.position();
    for (int i = 0; i < parts.length; i++) {
      int value = parts.length + i;
      code.load(value, new Memory(B, parts[i]));
      code.emit(VectorInstruction.VFMADD231PS, i, value, new Vector(value));
    }
    code.next(round, B);
    for (int i = 0; i < parts.length; i++) {
      code.store(i, new Memory(A, parts[i]));
    }
    return code.end();
  }

  /// `a[i] = b[i] · x · c[i]`.
  static byte[] scaling(Width width) {
    var code = new RowCode(width);
    code.repeat(X, new Vector(X));
    int round = code.assembler.position();
    for (int part : code.parts()) {
      code.emit(VectorInstruction.VMULPS, 1, X, new Memory(B, part));
      code.emit(VectorInstruction.VMULPS, 1, 1, new Memory(C, part));
      code.store(1, new Memory(A, part));
    }
    code.next(round, A, B, C);
    return code.end();
  }

  /// `a[i] = b[i] / (e^-b[i] + 1) · c[i]`; the constants are `d`.
  static byte[] activation(Width width) {
    var code = new RowCode(width);
    int round = code.assembler.position();
    for (int part : code.parts()) {
      code.load(0, new Memory(B, part));
      code.emit(VectorInstruction.VPXOR, 1, 0, Constant.SIGN.in(D));
      code.exponential(2, 1, 3, D);
      code.emit(VectorInstruction.VADDPS, 2, 2, Constant.ONE.in(D));
      code.emit(VectorInstruction.VDIVPS, 0, 0, new Vector(2));
      code.emit(VectorInstruction.VMULPS, 0, 0, new Memory(C, part));
      code.store(0, new Memory(A, part));
    }
    code.next(round, A, B, C);
    return code.end();
  }

  /// `a[i] = b[i] · x + a[i] · y`, the first product not rounded.
  static byte[] merging(Width width) {
    var code = new RowCode(width);
    code.repeat(X, new Vector(X));
    code.repeat(Y, new Vector(Y));
    int round = code.assembler.position();
    for (int part : code.parts()) {
      code.emit(VectorInstruction.VMULPS, 2, Y, new Memory(A, part));
      code.emit(VectorInstruction.VFMADD231PS, 2, X, new Memory(B, part));
      code.store(2, new Memory(A, part));
    }
    code.next(round, A, B);
    return code.end();
  }

  /// `a[i] = b[i]`, of float16.
  static byte[] widening(Width width) {
    var code = new RowCode(width);
    int round = code.assembler.position();
    for (int part : code.parts()) {
      var halves = new Memory(B, part / 2);
      code.emit(VectorInstruction.VCVTPH2PS, 0, Assembler.NONE, halves);
      code.store(0, new Memory(A, part));
    }
    code.assembler.add(B, ROUND_BYTES / 2);
    code.next(round, A);
    return code.end();
  }

  /// `a[i] = b[i] / x`.
  static byte[] division(Width width) {
    var code = new RowCode(width);
    code.repeat(X, new Vector(X));
    int round = code.assembler.position();
    for (int part : code.parts()) {
      code.load(1, new Memory(B, part));
      code.emit(VectorInstruction.VDIVPS, 1, 1, new Vector(X));
      code.store(1, new Memory(A, part));
    }
    code.next(round, A, B);
    return code.end();
  }

  /// Rounds `i` blocks of 32 floats of `a` to int8, for one token of an [ActivationTile]: integers
  /// go to `b`, starts to `c`, scales `k` bytes after them and sums, if wanted, as many after
  /// those; the next block is `j` bytes on. `l` is the offset of the weights, `d` the constants.
  ///
  /// Only 256 bits: what takes time are the steps from one block's maximum to its scale, not the
  /// elements.
  static byte[] quantization(boolean withSums) {
    return new RowCode(Width.YMM).quantize(withSums);
  }

  private byte[] quantize(boolean withSums) {
    int maximum = 4;
    int temporary = 5;
    int scale = 6;
    int inverse = 7;
    int offset = 13;
    int order = 14;
    int magic = 15;
    Register scales = Register.R10;
    Register sums = Register.R11;
    assembler.load(Register.RAX, L);
    assembler.vmovd(offset, Register.RAX);
    repeat(offset, new Vector(offset));
    load(order, packedOrder(D));
    load(magic, Constant.MAGIC.in(D));
    assembler.load(Register.RAX, K);
    assembler.mov(scales, C);
    assembler.add(scales, Register.RAX);
    assembler.mov(sums, scales);
    assembler.add(sums, Register.RAX);

    int block = assembler.position();
    for (int i = 0; i < 4; i++) {
      load(i, new Memory(A, i * width.bytes));
      int magnitude = i == 0 ? maximum : temporary;
      emit(VectorInstruction.VPAND, magnitude, i, Constant.MAGNITUDE.in(D));
      if (i > 0) { // as integers, whose order is that of the magnitudes; no number is above all
        emit(VectorInstruction.VPMAXSD, maximum, maximum, new Vector(temporary));
      }
    }
    assembler.combineLanes(width, VectorInstruction.VPMAXSD, maximum, temporary);
    emit(VectorInstruction.VDIVPS, scale, maximum, Constant.LARGEST_INTEGER.in(D));
    load(inverse, Constant.LARGEST_INTEGER.in(D));
    emit(VectorInstruction.VDIVPS, inverse, inverse, new Vector(maximum));
    assembler.compare(temporary, maximum, Relation.NOT_LESS, Constant.SMALLEST_MAXIMUM.in(D));
    emit(VectorInstruction.VPAND, scale, scale, new Vector(temporary));
    emit(VectorInstruction.VPAND, inverse, inverse, new Vector(temporary));
    storeLowest(scale, new Memory(scales, 0));

    for (int i = 0; i < 4; i++) {
      emit(VectorInstruction.VMULPS, i, i, new Vector(inverse));
      emit(VectorInstruction.VADDPS, i, i, new Vector(magic));
      emit(VectorInstruction.VPSUBD, i, i, new Vector(magic));
    }
    int sum = maximum;
    emit(VectorInstruction.VPADDD, sum, 0, new Vector(1));
    emit(VectorInstruction.VPADDD, temporary, 2, new Vector(3));
    emit(VectorInstruction.VPADDD, sum, sum, new Vector(temporary));
    assembler.combineLanes(width, VectorInstruction.VPADDD, sum, temporary);
    if (withSums) {
      emit(VectorInstruction.VCVTDQ2PS, temporary, Assembler.NONE, new Vector(sum));
      storeLowest(temporary, new Memory(sums, 0));
      assembler.add(sums, J);
    }
    emit(VectorInstruction.VPMULLD, sum, sum, new Vector(offset));
    emit(VectorInstruction.VPSUBD, sum, magic, new Vector(sum));
    storeLowest(sum, new Memory(C, 0));
    emit(VectorInstruction.VPACKSSDW, 0, 0, new Vector(1));
    emit(VectorInstruction.VPACKSSDW, 2, 2, new Vector(3));
    emit(VectorInstruction.VPACKSSWB, 0, 0, new Vector(2));
    emit(VectorInstruction.VPERMD, 0, order, new Vector(0));
    store(0, new Memory(B, 0));

    assembler.add(A, StripMatrix.BLOCK_COLUMNS * Float.BYTES);
    assembler.add(B, J);
    assembler.add(C, J);
    assembler.add(scales, J);
    assembler.decrement(I);
    assembler.jumpIfNotZero(block);
    return end();
  }
}
