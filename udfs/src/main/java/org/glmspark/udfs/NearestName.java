package org.glmspark.udfs;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Finds the name somebody meant when they mistyped it.
public final class NearestName {
  private NearestName() {}

  /// The known name with the fewest edits from the wanted one, letter case aside, or null if even
  /// that one needs more edits than a third of the wanted name's letters (but one edit is always
  /// allowed).
  public static @Nullable String of(String wanted, Collection<String> known) {
    String lower = wanted.toLowerCase(Locale.ROOT);
    int mostEdits = Math.max(1, wanted.length() / 3);
    return known.stream()
        .min(Comparator.comparingInt(name -> edits(lower, name.toLowerCase(Locale.ROOT))))
        .filter(name -> edits(lower, name.toLowerCase(Locale.ROOT)) <= mostEdits)
        .orElse(null);
  }

  /// Letters to insert, delete or replace to turn one word into the other (Levenshtein distance), a
  /// swap of neighbours counting as one (optimal string alignment).
  private static int edits(String from, String to) {
    int[][] distance = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        distance[i][j] = i == 0 || j == 0 ? i + j : edits(from, to, i, j, distance);
      }
    }
    return distance[from.length()][to.length()];
  }

  private static int edits(String from, String to, int i, int j, int[][] distance) {
    int replaced = distance[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
    int fewest = Math.min(replaced, 1 + Math.min(distance[i - 1][j], distance[i][j - 1]));
    boolean swapped =
        i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1);
    return swapped ? Math.min(fewest, 1 + distance[i - 2][j - 2]) : fewest;
  }
}
