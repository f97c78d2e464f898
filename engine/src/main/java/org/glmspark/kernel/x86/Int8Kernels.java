package org.glmspark.kernel.x86;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// The assembled products of quantised weights and activations, for one instruction set: a function
/// for each weight type and size of tile. They are assembled once in a process.
public final class Int8Kernels {
  /// Apart, since a JVM that allows no native access fails here.
  @SuppressWarnings("restricted") // calling machine code is what this package is for
  private static final class Function {
    /// Address of the function; weights, activations, blocks, out, stride of out in bytes, strips.
    private static final MethodHandle CALL =
        Linker.nativeLinker()
            .downcallHandle(
                FunctionDescriptor.ofVoid(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG),
                Linker.Option.critical(true));
  }

  static final List<WeightType> TYPES = List.of(WeightType.Q8, WeightType.Q4, WeightType.Q4M);

  private static final Map<InstructionSet, Int8Kernels> ASSEMBLED =
      new EnumMap<>(InstructionSet.class);

  private final InstructionSet set;

  /// For each of [#TYPES], tiles of 1 token and more.
  private final List<MemorySegment> functions;

  private final @Nullable PanelKernels panels;
  private final FloatKernels floats;

  private Int8Kernels(
      InstructionSet set,
      List<MemorySegment> functions,
      @Nullable PanelKernels panels,
      FloatKernels floats) {
    this.set = set;
    this.floats = floats;
    this.functions = functions;
    this.panels = panels;
  }

  /// What of all instruction sets this machine has, the fastest first.
  ///
  /// @throws UnavailableException if this is no Linux on x86-64, or it runs no assembled code
  public static List<InstructionSet> available() throws UnavailableException {
    try {
      return List.copyOf(CpuFeatures.instructionSets());
    } catch (IllegalCallerException e) {
      throw noNativeAccess(e);
    }
  }

  /// The kernels for the fastest instruction set of this machine.
  ///
  /// @throws UnavailableException if there is none, or code memory is refused
  public static Int8Kernels fastest() throws UnavailableException {
    List<InstructionSet> sets = available();
    if (sets.isEmpty()) {
      throw new UnavailableException("the processor has neither AVX-512 VNNI nor AVX2 with FMA");
    }
    return of(sets.getFirst());
  }

  /// The kernels for one instruction set.
  ///
  /// @param set one of [#available]
  /// @throws UnavailableException if code memory is refused
  public static Int8Kernels of(InstructionSet set) throws UnavailableException {
    synchronized (ASSEMBLED) {
      Int8Kernels kernels = ASSEMBLED.get(set);
      if (kernels == null) {
        try {
          kernels = assemble(set);
        } catch (IllegalCallerException e) {
          throw noNativeAccess(e);
        }
        ASSEMBLED.put(set, kernels);
      }
      return kernels;
    }
  }

  private static UnavailableException noNativeAccess(IllegalCallerException cause) {
    return new UnavailableException(
        "the JVM runs without --enable-native-access=ALL-UNNAMED", cause);
  }

  private static Int8Kernels assemble(InstructionSet set) throws UnavailableException {
    List<byte[]> code = new ArrayList<>();
    for (WeightType type : TYPES) {
      for (int tokens = 1; tokens <= ActivationTile.MAX_TOKENS; tokens++) {
        code.add(
            switch (set) {
              case AVX512_VNNI -> VnniMatMul.assemble(type, tokens);
              case AVX_VNNI, AVX2 -> Avx2MatMul.assemble(set, type, tokens);
            });
      }
    }
    Objects.requireNonNull(Function.CALL); // the JVM prepares it now, and not in the first prompt
    PanelKernels panels = set == InstructionSet.AVX512_VNNI ? PanelKernels.assemble() : null;
    return new Int8Kernels(set, CodeMemory.load(code), panels, FloatKernels.assemble(set));
  }

  private MemorySegment function(ActivationTile tile) {
    int first = TYPES.indexOf(tile.type()) * ActivationTile.MAX_TOKENS;
    return functions.get(first + tile.tokens() - 1);
  }

  /// What the kernels use.
  public InstructionSet instructionSet() {
    return set;
  }

  /// The kernels for many tokens, or null if this instruction set has none of its own.
  public @Nullable PanelKernels panels() {
    return panels;
  }

  /// The other loops that are assembled for this instruction set.
  public FloatKernels floats() {
    return floats;
  }

  /// What the integers of weights are too large by when these kernels multiply them; see
  /// [ActivationTile].
  public int offset(WeightType type) {
    return switch (type) {
      case Q4 -> 8;
      case Q4M -> 0;
      case Q8 -> set == InstructionSet.AVX2 ? 0 : 128;
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " is not quantised");
    };
  }

  /// Multiplies neighbouring strips with one tile.
  ///
  /// @param weights quantised, in memory outside the heap
  /// @param endStrip after the last one
  /// @param tile layout of the activations
  /// @param activations of the tile: `blocks · tile.blockBytes()` bytes outside the heap
  /// @param out gets 16 floats of each strip for each token
  /// @param outOffset the first one of the first token
  /// @param outStride floats from one token to the next
  public void multiply(
      StripMatrix weights,
      int firstStrip,
      int endStrip,
      ActivationTile tile,
      MemorySegment activations,
      float[] out,
      int outOffset,
      int outStride) {
    int blocks = weights.type().blocks(weights.columns());
    int strips = endStrip - firstStrip;
    long rows = (long) strips * StripMatrix.STRIP_ROWS;
    long outFloats = (long) outStride * (tile.tokens() - 1) + rows;
    if (tile.type() != weights.type()
        || firstStrip < 0
        || strips < 1
        || endStrip > weights.strips()
        || activations.byteSize() != (long) blocks * tile.blockBytes()
        || outOffset < 0
        || outStride < rows
        || outOffset + outFloats > out.length
        || !weights.data().isNative()
        || !activations.isNative()) {
      throw new IllegalArgumentException(
          "strips %d to %d of %s [%d, %d] of %s times %s in %d bytes into %d floats from %d on, stride %d"
              .formatted(
                  firstStrip,
                  endStrip,
                  weights.name(),
                  weights.rows(),
                  weights.columns(),
                  weights.type(),
                  tile,
                  activations.byteSize(),
                  out.length,
                  outOffset,
                  outStride));
    }
    MemorySegment function = function(tile);
    try {
      // As numbers: a segment of a shared arena would count its users on every call.
      Function.CALL.invokeExact(
          function,
          weights.data().address() + weights.stripOffset(firstStrip),
          activations.address(),
          (long) blocks,
          MemorySegment.ofArray(out).asSlice((long) outOffset * Float.BYTES),
          (long) outStride * Float.BYTES,
          (long) strips);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    } finally {
      Reference.reachabilityFence(activations);
      Reference.reachabilityFence(weights);
    }
  }
}
