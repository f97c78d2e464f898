package org.glmspark.kernel.x86;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// The assembled products of quantised weights with many tokens, for AVX-512 VNNI: weights are
/// unpacked into a [WeightPanel], which is then multiplied with tile after tile.
@SuppressWarnings("restricted") // calling machine code is what this package is for
public final class PanelKernels {
  /// Fewest tokens of a tile, where tiles are as even as can be and there are four or more.
  private static final int LEAST_TOKENS = 9;

  /// Bytes of the sums of a token: one float for each row of both strips.
  public static final int SUM_BYTES = WeightPanel.STRIPS * StripMatrix.STRIP_ROWS * Float.BYTES;

  /// Weights, panel, blocks.
  private static final MethodHandle UNPACK =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
              Linker.Option.critical(false));

  /// Panel, activations, blocks, in, stride of in, out, stride of out, tiles, next strip, the one
  /// after it, stride of both.
  private static final MethodHandle MULTIPLY =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG),
              Linker.Option.critical(true));

  /// For each of [Int8Kernels#TYPES], the first and the second strip of a panel.
  private final List<MemorySegment> unpacking;

  /// For each type, tiles of [#LEAST_TOKENS] tokens and more.
  private final List<MemorySegment> products;

  private PanelKernels(List<MemorySegment> unpacking, List<MemorySegment> products) {
    this.unpacking = unpacking;
    this.products = products;
  }

  static PanelKernels assemble() throws UnavailableException {
    List<byte[]> unpacking = new ArrayList<>();
    List<byte[]> products = new ArrayList<>();
    for (WeightType type : Int8Kernels.TYPES) {
      for (int place = 0; place < WeightPanel.STRIPS; place++) {
        unpacking.add(VnniPanelMatMul.assembleUnpacking(type, place));
      }
      for (int tokens = LEAST_TOKENS; tokens <= ActivationTile.MAX_TOKENS; tokens++) {
        products.add(VnniPanelMatMul.assembleProduct(type, tokens));
      }
    }
    return new PanelKernels(CodeMemory.load(unpacking), CodeMemory.load(products));
  }

  /// Whether a product with so many tokens repays the unpacking.
  public static boolean pay(int tokens) {
    return tokens >= 4 * ActivationTile.MAX_TOKENS;
  }

  /// Unpacks some blocks of one strip.
  ///
  /// @param weights quantised, in memory outside the heap
  /// @param blocks at most [WeightPanel#MAX_BLOCKS]
  /// @param panel [WeightPanel#MAX_BYTES] outside the heap, at a multiple of 64 bytes
  /// @param place of the strip in the panel, 0 or 1
  public void unpack(
      StripMatrix weights, int strip, int firstBlock, int blocks, MemorySegment panel, int place) {
    WeightType type = weights.type();
    if (strip < 0
        || strip >= weights.strips()
        || firstBlock < 0
        || blocks < 1
        || blocks > WeightPanel.MAX_BLOCKS
        || firstBlock + blocks > type.blocks(weights.columns())
        || panel.byteSize() != WeightPanel.MAX_BYTES
        || !weights.data().isNative()) {
      throw new IllegalArgumentException(
          "blocks %d to %d of strip %d of %s [%d, %d] of %s into %d bytes"
              .formatted(
                  firstBlock,
                  firstBlock + blocks,
                  strip,
                  weights.name(),
                  weights.rows(),
                  weights.columns(),
                  type.optionName(),
                  panel.byteSize()));
    }
    int function = Int8Kernels.TYPES.indexOf(type) * WeightPanel.STRIPS + place;
    long start = weights.stripOffset(strip) + (long) firstBlock * type.stripBlockBytes();
    try {
      UNPACK.invokeExact(
          unpacking.get(function),
          weights.data().address() + start,
          panel.address(),
          (long) blocks);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    } finally {
      Reference.reachabilityFence(panel);
      Reference.reachabilityFence(weights);
    }
  }

  /// Where sums of tokens lie, 32 floats for each.
  ///
  /// @param memory starts with those of the first token
  /// @param stride bytes from one token to the next; 0 if all have the same
  public record Sums(MemorySegment memory, long stride) {
    boolean hold(int tokens) {
      return stride >= 0 && memory.byteSize() >= stride * (tokens - 1) + SUM_BYTES;
    }
  }

  /// Weights that are unpacked next: bringing them nearer in the meantime is all that is done.
  ///
  /// @param strip the first of two
  /// @param skippedTiles tiles that were multiplied meanwhile already
  public record Next(StripMatrix weights, int strip, int firstBlock, int skippedTiles) {}

  /// Multiplies a panel with some tiles of equal size.
  ///
  /// @param panel unpacked
  /// @param blocks as many as were unpacked
  /// @param tile layout of the activations
  /// @param activations the panel's blocks of one tile after the other, outside the heap
  /// @param in what the products are added to, outside the heap
  /// @param out gets the result; may be `in`
  /// @param next or null
  public void multiply(
      MemorySegment panel,
      int blocks,
      ActivationTile tile,
      MemorySegment activations,
      Sums in,
      Sums out,
      @Nullable Next next) {
    long tileBytes = (long) blocks * tile.blockBytes();
    int tiles = (int) (activations.byteSize() / tileBytes);
    int tokens = tiles * tile.tokens();
    if (tile.tokens() < LEAST_TOKENS
        || tiles < 1
        || tiles * tileBytes != activations.byteSize()
        || blocks < 1
        || blocks > WeightPanel.MAX_BLOCKS
        || panel.byteSize() != WeightPanel.MAX_BYTES
        || !in.hold(tokens)
        || !out.hold(tokens)
        || !activations.isNative()) {
      throw new IllegalArgumentException(
          "a panel of %d blocks in %d bytes times %s in %d bytes from %s into %s"
              .formatted(blocks, panel.byteSize(), tile, activations.byteSize(), in, out));
    }
    int sizes = ActivationTile.MAX_TOKENS - LEAST_TOKENS + 1;
    int function = Int8Kernels.TYPES.indexOf(tile.type()) * sizes + tile.tokens() - LEAST_TOKENS;
    long prefetched = panel.address(); // the same line over and over, where there is no next
    long nextStrip = 0;
    long stride = 0;
    if (next != null) {
      WeightType type = next.weights.type();
      stride = VnniPanelMatMul.nextBytes(type);
      nextStrip = type.stripBytes(next.weights.columns());
      prefetched =
          next.weights.data().address()
              + next.weights.stripOffset(next.strip)
              + (long) next.firstBlock * type.stripBlockBytes()
              + stride * blocks * next.skippedTiles;
    }
    try {
      MULTIPLY.invokeExact(
          products.get(function),
          panel.address(),
          activations.address(),
          (long) blocks,
          in.memory().address(),
          in.stride(),
          out.memory(),
          out.stride(),
          (long) tiles,
          prefetched,
          prefetched + nextStrip,
          stride);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    } finally {
      Reference.reachabilityFence(panel);
      Reference.reachabilityFence(activations);
      Reference.reachabilityFence(in);
    }
  }
}
