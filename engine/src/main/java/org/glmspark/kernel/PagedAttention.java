package org.glmspark.kernel;

import static org.glmspark.kernel.x86.FloatKernels.GROUP_QUERIES;
import static org.glmspark.kernel.x86.FloatKernels.TILE_KEYS;

import java.util.Arrays;
import org.glmspark.kernel.x86.FloatKernels;
import org.jspecify.annotations.Nullable;

/// Causal attention of some query tokens over the paged keys and values of their sequence, for the
/// query heads of one key-value head.
///
/// ```
/// score[key] = (Σ q[d] · k[key][d]) / sqrt(headSize)        d ascending, one fused multiply-add each
/// out = Σ softmax(score)[key] · v[key]                      key ascending
/// ```
///
/// The softmax is computed online, over tiles of 64 keys within spans of 1,024 keys, both counted
/// from position 0; spans are independent of each other and merged in ascending order. A query's
/// result depends on its keys alone, not on which queries share the call, how a prompt was cut into
/// chunks or which thread took a span. Keys after the query are skipped.
///
/// ```
/// KeyValuePages ─▶ panels in float32, small enough for the first-level cache, read by all queries
///                     │ 32 keys                                     │ some elements of 64 values
/// queries ──▶ AttentionScores ──▶ AttentionSoftmax ──▶ AttentionValues ──▶ SoftmaxStates ──▶ out
/// ```
///
/// Sources: Milakov and Gimelshein 2018, <https://arxiv.org/abs/1805.02867> (online softmax); Kwon
/// et al. 2023, <https://arxiv.org/abs/2309.06180> (pages); Ainslie et al. 2023,
/// <https://arxiv.org/abs/2305.13245> (grouped queries); Dao et al. 2023,
/// <https://crfm.stanford.edu/2023/10/12/flashdecoding.html> (spans shared out).
public final class PagedAttention {
  private static final int BLOCK = KeyValuePages.BLOCK_TOKENS;

  /// Keys that are widened at a time: for a head of 128 elements half of a first-level cache, so
  /// that all queries read them from there.
  private static final int PANEL = TILE_KEYS / 2;

  /// Keys of a span, the unit that a sequence can be shared out by.
  public static final int SPAN = 1024;

  private PagedAttention() {}

  /// Float32 lanes of a register.
  static int lanes(@Nullable FloatKernels assembled) {
    return assembled == null ? Lanes.COUNT : assembled.lanes();
  }

  /// What one thread needs besides its inputs.
  public static final class Scratch {
    private final float[] panel;
    private final float[] queries;
    private final float[] scores;
    private final float[] corrections;
    private final float[] lanes = new float[BLOCK];
    private final @Nullable FloatKernels assembled;
    private final SoftmaxStates span;
    private final SoftmaxStates total;

    /// @param heads query heads of one key-value head
    /// @param headSize elements of a head, a multiple of 16
    /// @param assembled or null if there is none
    public Scratch(int heads, int headSize, @Nullable FloatKernels assembled) {
      if (headSize % BLOCK != 0) {
        throw new IllegalArgumentException(
            "heads of %d elements, expected a multiple of %d".formatted(headSize, BLOCK));
      }
      int states = SoftmaxStates.required(AttentionQueries.MAX_ROWS * heads);
      this.assembled = assembled;
      panel = new float[Math.max(PANEL * headSize, TILE_KEYS * AttentionValues.ELEMENTS)];
      queries = new float[states * headSize];
      scores = new float[states * TILE_KEYS];
      corrections = new float[states];
      span = new SoftmaxStates(states, headSize);
      total = new SoftmaxStates(states, headSize);
    }
  }

  /// Attends to all keys.
  ///
  /// @param pages keys and values, those of the query tokens included
  /// @param scratch for the queries' heads and head size; no other thread uses it
  public static void apply(AttentionQueries queries, KeyValuePages pages, Scratch scratch) {
    pack(queries, scratch);
    clear(queries, scratch.total, 0);
    for (int span = 0; span < queries.spans(); span++) {
      attend(queries, span, pages, scratch, scratch.span, 0);
      merge(queries, span, scratch.total, 0, scratch.span, 0, scratch.assembled);
    }
    normalise(queries, scratch.total, 0, scratch.assembled);
  }

  /// Attends to the keys of one span alone.
  ///
  /// @param states gets the result from `firstState` on, [SoftmaxStates#required] states
  public static void applySpan(
      AttentionQueries queries,
      int span,
      KeyValuePages pages,
      Scratch scratch,
      SoftmaxStates states,
      int firstState) {
    pack(queries, scratch);
    attend(queries, span, pages, scratch, states, firstState);
  }

  /// Prepares the states that spans are merged into.
  public static void clear(AttentionQueries queries, SoftmaxStates total, int firstTotal) {
    total.clear(firstTotal, SoftmaxStates.required(queries.count()));
  }

  /// Merges one span; spans must come in ascending order.
  ///
  /// @param assembled or null if there is none
  public static void merge(
      AttentionQueries queries,
      int span,
      SoftmaxStates total,
      int firstTotal,
      SoftmaxStates states,
      int firstState,
      @Nullable FloatKernels assembled) {
    for (int query = queries.firstSeeing(span * SPAN); query < queries.count(); query++) {
      total.merge(firstTotal + query, states, firstState + query, assembled);
    }
  }

  /// Writes the result, after the last span was merged.
  ///
  /// @param assembled or null if there is none
  public static void normalise(
      AttentionQueries queries,
      SoftmaxStates total,
      int firstTotal,
      @Nullable FloatKernels assembled) {
    for (int query = 0; query < queries.count(); query++) {
      total.normalise(
          firstTotal + query,
          queries.out().values(),
          queries.target(query),
          queries.headSize(),
          assembled);
    }
  }

  /// Lays the queries out as `[groups][headSize][8]`: a step of the score kernel then reads its 8
  /// elements from one place. Unused places of the last group are 0.
  private static void pack(AttentionQueries queries, Scratch scratch) {
    int headSize = queries.headSize();
    float[] from = queries.queries().values();
    float[] to = scratch.queries;
    int places = SoftmaxStates.required(queries.count());
    for (int query = 0; query < places; query++) {
      int target = query / GROUP_QUERIES * GROUP_QUERIES * headSize + query % GROUP_QUERIES;
      if (query < queries.count()) {
        int source = queries.source(query);
        for (int d = 0; d < headSize; d++) {
          to[target + d * GROUP_QUERIES] = from[source + d];
        }
      } else {
        for (int d = 0; d < headSize; d++) {
          to[target + d * GROUP_QUERIES] = 0;
        }
      }
    }
  }

  private static void attend(
      AttentionQueries queries,
      int span,
      KeyValuePages pages,
      Scratch scratch,
      SoftmaxStates states,
      int firstState) {
    states.clear(firstState, SoftmaxStates.required(queries.count()));
    int end = Math.min(queries.keys(), (span + 1) * SPAN);
    for (int tile = span * SPAN; tile < end; tile += TILE_KEYS) {
      int tileEnd = Math.min(end, tile + TILE_KEYS);
      for (int key = tile; key < tileEnd; key += PANEL) {
        scores(queries, tile, key, pages, scratch);
      }
      softmax(queries, tile, scratch, states, firstState);
      values(queries, tile, tileEnd, pages, scratch, states, firstState);
    }
  }

  /// Scores after the last key, or that a query must not see, are computed from whatever lies
  /// there; [#softmax] overwrites them.
  private static void scores(
      AttentionQueries queries, int tile, int firstKey, KeyValuePages pages, Scratch scratch) {
    int headSize = queries.headSize();
    for (int key = 0; key < PANEL && firstKey + key < queries.keys(); key += BLOCK) {
      pages.keys(
          (firstKey + key) / BLOCK, headSize, scratch.panel, key * headSize, scratch.assembled);
    }
    float scale = (float) (1 / Math.sqrt(headSize));
    int lanes = lanes(scratch.assembled);
    for (int key = 0; key < PANEL; key += 2 * lanes) {
      for (int first = firstGroup(queries, tile); first < queries.count(); first += GROUP_QUERIES) {
        AttentionScores.apply(
            scratch.scores,
            firstKey - tile + key,
            first,
            Math.min(GROUP_QUERIES, queries.count() - first),
            scratch.queries,
            scratch.panel,
            key,
            headSize,
            scale,
            scratch.assembled);
      }
    }
  }

  private static void softmax(
      AttentionQueries queries, int tile, Scratch scratch, SoftmaxStates states, int firstState) {
    int first = queries.firstSeeing(tile);
    for (int query = first; query < queries.count(); query++) {
      int visible = queries.visible(query, tile, TILE_KEYS);
      if (visible == TILE_KEYS) {
        break; // and so do all after it
      }
      AttentionSoftmax.hide(scratch.scores, query, visible);
    }
    // Neighbours in a group with queries that see the tile keep what they have.
    Arrays.fill(scratch.corrections, firstGroup(queries, tile), first, 1);
    AttentionSoftmax.apply(
        scratch.scores,
        first,
        queries.count(),
        states,
        firstState,
        scratch.corrections,
        scratch.lanes,
        scratch.assembled);
  }

  /// A group goes as far as its first query sees; the others then take the rest of their keys one
  /// by one.
  private static void values(
      AttentionQueries queries,
      int tile,
      int tileEnd,
      KeyValuePages pages,
      Scratch scratch,
      SoftmaxStates states,
      int firstState) {
    int width = AttentionValues.ELEMENTS;
    int lanes = lanes(scratch.assembled);
    for (int element = 0; element < queries.headSize(); element += width) {
      int end = Math.min(queries.headSize(), element + width);
      for (int panel = element; panel < end; panel += KeyValuePages.VALUE_ELEMENTS) {
        for (int key = tile; key < tileEnd; key += BLOCK) {
          int offset = (panel - element) * TILE_KEYS + (key - tile) * KeyValuePages.VALUE_ELEMENTS;
          pages.values(
              key / BLOCK, queries.headSize(), panel, scratch.panel, offset, scratch.assembled);
        }
      }
      for (int lane = 0; element + lane < end; lane += 2 * lanes) {
        for (int first = firstGroup(queries, tile);
            first < queries.count();
            first += GROUP_QUERIES) {
          AttentionValues.apply(
              states,
              firstState,
              first,
              Math.min(GROUP_QUERIES, queries.count() - first),
              scratch.corrections,
              scratch.scores,
              scratch.panel,
              element,
              lane,
              queries.visible(first, tile, TILE_KEYS),
              scratch.assembled);
        }
      }
      for (int query = queries.firstSeeing(tile); query < queries.count(); query++) {
        int done = queries.visible(query / GROUP_QUERIES * GROUP_QUERIES, tile, TILE_KEYS);
        if (done == TILE_KEYS) {
          break; // and so did all after it
        }
        int visible = queries.visible(query, tile, TILE_KEYS);
        if (visible > done) {
          AttentionValues.rest(
              states, firstState, query, scratch.scores, scratch.panel, element, done, visible);
        }
      }
    }
  }

  /// The first group with a query that sees key `key`.
  private static int firstGroup(AttentionQueries queries, int key) {
    return queries.firstSeeing(key) / GROUP_QUERIES * GROUP_QUERIES;
  }
}
