package org.glmspark.kernel.x86;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Objects;
import org.glmspark.kernel.x86.Assembler.Width;

/// The assembled loops over floats: those over the elements of rows, and those of attention. Their
/// bits are those of the loops in `kernel`, which a JVM runs slowly until it has compiled them.
///
/// Loops over rows do whole rounds of 16 elements and return how many elements that were; the rest
/// is the caller's.
public final class FloatKernels {
  /// Apart, since a JVM that allows no native access fails here.
  @SuppressWarnings("restricted") // calling machine code is what this package is for
  private static final class Function {
    /// Address of the function; the rest as [FloatCode] says.
    private static final MethodHandle CALL =
        Linker.nativeLinker()
            .downcallHandle(
                FunctionDescriptor.ofVoid(
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_FLOAT,
                    ValueLayout.JAVA_FLOAT),
                Linker.Option.critical(true));
  }

  /// Keys of a tile: scores of one query lie together.
  public static final int TILE_KEYS = 64;

  /// Queries of a group: their elements of the same number lie together.
  public static final int GROUP_QUERIES = 8;

  /// Keys of a block, whose elements of the same number lie together, and elements of a value that
  /// lie together.
  public static final int LINE_FLOATS = 16;

  private static final MemorySegment NONE = MemorySegment.NULL;

  private final int lanes;

  /// Queries that attention computes at once, and how many it has registers for.
  private static final int FEW_QUERIES = 4;

  private final int mostQueries;
  private final MemorySegment constants = FloatCode.constants();
  private final MemorySegment addition;
  private final MemorySegment squares;
  private final MemorySegment scaling;
  private final MemorySegment activation;
  private final MemorySegment merging;
  private final MemorySegment division;
  private final MemorySegment widening;
  private final MemorySegment quantization;
  private final MemorySegment quantizationWithSums;
  private final MemorySegment softmax;
  private final MemorySegment fewScores;
  private final MemorySegment mostScores;
  private final MemorySegment fewValues;
  private final MemorySegment mostValues;

  private FloatKernels(Width width) throws UnavailableException {
    lanes = width.bytes / Float.BYTES;
    mostQueries = width == Width.ZMM ? GROUP_QUERIES : FEW_QUERIES;
    List<MemorySegment> functions =
        CodeMemory.load(
            List.of(
                RowCode.addition(width),
                RowCode.squares(width),
                RowCode.scaling(width),
                RowCode.activation(width),
                RowCode.merging(width),
                RowCode.division(width),
                RowCode.widening(width),
                RowCode.quantization(false),
                RowCode.quantization(true),
                AttentionCode.softmax(width),
                AttentionCode.scores(width, FEW_QUERIES),
                AttentionCode.scores(width, mostQueries),
                AttentionCode.values(width, FEW_QUERIES),
                AttentionCode.values(width, mostQueries)));
    var next = functions.iterator();
    addition = next.next();
    squares = next.next();
    scaling = next.next();
    activation = next.next();
    merging = next.next();
    division = next.next();
    widening = next.next();
    quantization = next.next();
    quantizationWithSums = next.next();
    softmax = next.next();
    fewScores = next.next();
    mostScores = next.next();
    fewValues = next.next();
    mostValues = next.next();
  }

  /// Assembles the loops for registers of an instruction set.
  ///
  /// @throws UnavailableException if code memory is refused
  static FloatKernels assemble(InstructionSet set) throws UnavailableException {
    Objects.requireNonNull(Function.CALL); // the JVM prepares it now, and not in the first prompt
    return new FloatKernels(set == InstructionSet.AVX512_VNNI ? Width.ZMM : Width.YMM);
  }

  /// Float32 lanes of one register.
  public int lanes() {
    return lanes;
  }

  // --- Rows ---

  /// `x[i] += addend[i]`.
  public int add(float[] x, int offset, float[] addend, int from, int count) {
    int rounds = count / RowCode.ROUND;
    if (rounds > 0) {
      call(addition, part(x, offset, count), part(addend, from, count), NONE, NONE, rounds);
    }
    return rounds * RowCode.ROUND;
  }

  /// Sums of squares, of element `i` in `sums[i mod 16]`.
  ///
  /// @param sums 16 floats, written if there is a round
  public int squares(float[] sums, float[] x, int offset, int count) {
    int rounds = count / RowCode.ROUND;
    if (rounds > 0) {
      call(squares, part(sums, 0, RowCode.ROUND), part(x, offset, count), NONE, NONE, rounds);
    }
    return rounds * RowCode.ROUND;
  }

  /// `out[i] = x[i] · scale · weight[i]`.
  public int scale(
      float[] out, int target, float[] x, int source, float scale, float[] weight, int count) {
    int rounds = count / RowCode.ROUND;
    if (rounds > 0) {
      call(
          scaling,
          part(out, target, count),
          part(x, source, count),
          part(weight, 0, count),
          NONE,
          rounds,
          0,
          0,
          0,
          scale,
          0);
    }
    return rounds * RowCode.ROUND;
  }

  /// `out[i] = gate[i] / (e^-gate[i] + 1) · up[i]`.
  ///
  /// @param from has gate and up
  public int activate(float[] out, int target, float[] from, int gate, int up, int count) {
    int rounds = count / RowCode.ROUND;
    if (rounds > 0) {
      call(
          activation,
          part(out, target, count),
          part(from, gate, count),
          part(from, up, count),
          constants,
          rounds);
    }
    return rounds * RowCode.ROUND;
  }

  /// Rounds blocks of one token to int8.
  ///
  /// @param x `blocks · 32` floats from `input` on
  /// @param tile what the blocks are of
  /// @param offset what the integers of weights are too large by; see [ActivationTile]
  /// @param out the tile's memory from the first block on, outside the heap
  public void quantize(
      float[] x,
      int input,
      int blocks,
      ActivationTile tile,
      int token,
      int offset,
      MemorySegment out) {
    long bytes = (long) blocks * tile.blockBytes();
    if (blocks < 1
        || token < 0
        || token >= tile.tokens()
        || !out.isNative()
        || out.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "%d blocks of token %d of %s into %d bytes"
              .formatted(blocks, token, tile, out.byteSize()));
    }
    call(
        tile.hasSums() ? quantizationWithSums : quantization,
        part(x, input, (long) blocks * ActivationTile.TOKEN_BYTES),
        out.asSlice((long) token * ActivationTile.TOKEN_BYTES),
        out.asSlice(tile.startsOffset() + 4L * token),
        constants,
        blocks,
        tile.blockBytes(),
        tile.scalesOffset() - tile.startsOffset(),
        offset,
        0,
        0);
  }

  // --- Attention ---

  /// Float16 numbers as float32.
  ///
  /// @param halves outside the heap
  /// @param count a multiple of 16
  public void widen(MemorySegment halves, float[] target, int offset, int count) {
    if (count < 1
        || count % RowCode.ROUND != 0
        || !halves.isNative()
        || halves.byteSize() < (long) count * Short.BYTES) {
      throw new IllegalArgumentException(
          "%d float16 in %d bytes".formatted(count, halves.byteSize()));
    }
    call(widening, part(target, offset, count), halves, NONE, NONE, count / RowCode.ROUND);
  }

  /// Scores of queries of one group and two registers of keys, `score = (Σ query · key) · scale`;
  /// those of the group's other queries may be written too.
  ///
  /// @param scores `[queries][64]`
  /// @param target of the first query's score of the first key
  /// @param used queries of the group, 1 to 8
  /// @param queries `[headSize][8]` from `query` on
  /// @param keys `[headSize][16]` from `first` and, for the second register, `second` on
  public void scores(
      float[] scores,
      int target,
      int used,
      float[] queries,
      int query,
      float[] keys,
      int first,
      int second,
      int headSize,
      float scale) {
    int distance = second - first;
    long elements = (long) (headSize - 1) * LINE_FLOATS + distance + lanes;
    for (int done = 0; done < used; done += mostQueries) {
      boolean few = used - done <= FEW_QUERIES;
      int computed = few ? FEW_QUERIES : mostQueries;
      call(
          few ? fewScores : mostScores,
          part(scores, target + done * TILE_KEYS, (computed - 1L) * TILE_KEYS + 2L * lanes),
          part(queries, query + done, (headSize - 1L) * GROUP_QUERIES + computed),
          part(keys, first, elements),
          NONE,
          (long) distance * Float.BYTES,
          headSize,
          0,
          0,
          scale,
          0);
    }
  }

  /// The online softmax of some queries: scores become exponentials relative to the largest so far.
  ///
  /// @param scores `[queries][64]`
  /// @param max by state: the largest score so far
  /// @param sum by state: the sum of the exponentials so far
  /// @param firstState of the first query
  /// @param corrections by query: written, what was summed before is to be multiplied by it
  public void softmax(
      float[] scores,
      int firstQuery,
      int queries,
      float[] max,
      float[] sum,
      int firstState,
      float[] corrections) {
    if (queries < 1) {
      throw new IllegalArgumentException("%d queries".formatted(queries));
    }
    call(
        softmax,
        part(scores, firstQuery * TILE_KEYS, (long) queries * TILE_KEYS),
        part(max, firstState, queries),
        part(sum, firstState, queries),
        part(corrections, firstQuery, queries),
        queries,
        constants.address(),
        0,
        0,
        0,
        0);
  }

  /// Adds the values of some keys, weighted, to two registers of elements of the queries of one
  /// group, which are corrected first; the group's other queries may be changed too.
  ///
  /// @param weighted `[queries][stride]`
  /// @param target of the first query's first element
  /// @param firstQuery of the group
  /// @param used queries of the group, 1 to 8
  /// @param corrections by query
  /// @param probabilities `[queries][64]`
  /// @param values `[keys][16]` from `first` and, for the second register, `second` on
  /// @param keys at least 1
  public void values(
      float[] weighted,
      int target,
      int stride,
      int firstQuery,
      int used,
      float[] corrections,
      float[] probabilities,
      float[] values,
      int first,
      int second,
      int keys) {
    if (keys < 1) {
      throw new IllegalArgumentException("%d keys".formatted(keys));
    }
    int distance = second - first;
    for (int done = 0; done < used; done += mostQueries) {
      boolean few = used - done <= FEW_QUERIES;
      int computed = few ? FEW_QUERIES : mostQueries;
      int query = firstQuery + done;
      call(
          few ? fewValues : mostValues,
          part(weighted, target + done * stride, (computed - 1L) * stride + 2L * lanes),
          part(corrections, query, computed),
          part(probabilities, query * TILE_KEYS, (computed - 1L) * TILE_KEYS + keys),
          part(values, first, (keys - 1L) * LINE_FLOATS + distance + lanes),
          (long) stride * Float.BYTES,
          (long) distance * Float.BYTES,
          keys,
          0,
          0,
          0);
    }
  }

  /// `total[i] = other[i] · theirs + total[i] · mine`, the first product not rounded.
  public int merge(
      float[] total, int to, float mine, float[] other, int from, float theirs, int count) {
    int rounds = count / RowCode.ROUND;
    if (rounds > 0) {
      MemorySegment target = part(total, to, count);
      call(merging, target, part(other, from, count), NONE, NONE, rounds, 0, 0, 0, theirs, mine);
    }
    return rounds * RowCode.ROUND;
  }

  /// `out[i] = x[i] / divisor`.
  public int divide(float[] out, int target, float[] x, int from, float divisor, int count) {
    int rounds = count / RowCode.ROUND;
    if (rounds > 0) {
      MemorySegment result = part(out, target, count);
      call(division, result, part(x, from, count), NONE, NONE, rounds, 0, 0, 0, divisor, 0);
    }
    return rounds * RowCode.ROUND;
  }

  private static MemorySegment part(float[] array, int offset, long count) {
    return MemorySegment.ofArray(array).asSlice((long) offset * Float.BYTES, count * Float.BYTES);
  }

  private static void call(
      MemorySegment function,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      int rounds) {
    call(function, a, b, c, d, rounds, 0, 0, 0, 0, 0);
  }

  private static void call(
      MemorySegment function,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      long i,
      long j,
      long k,
      long l,
      float x,
      float y) {
    try {
      Function.CALL.invokeExact(function, a, b, c, d, i, j, k, l, x, y);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
