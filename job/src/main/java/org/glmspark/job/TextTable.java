package org.glmspark.job;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Rows of text in aligned columns, cut to a width.
///
/// @param header one name for each column
/// @param rows cells, as many to a row as the header has; shown in one line each
record TextTable(List<String> header, List<List<String>> rows) {
  private static final String GAP = "  ";

  TextTable {
    header = List.copyOf(header);
    rows = rows.stream().map(row -> row.stream().map(DisplayText::singleLine).toList()).toList();
    for (List<String> row : rows) {
      if (row.size() != header.size()) {
        throw new IllegalArgumentException(
            "a row has %d cells, expected %d: %s".formatted(row.size(), header.size(), row));
      }
    }
  }

  /// The lines: header, rule, rows. Columns that are wider than their share of the width give up
  /// what the others do not need.
  ///
  /// @param columns the width that no line exceeds, unless it is too small to give a column one
  ///   letter
  List<String> lines(int columns) {
    int[] widths = widths(columns - GAP.length() * (header.size() - 1));
    String rule = Arrays.stream(widths).mapToObj("─"::repeat).collect(Collectors.joining(GAP));
    return Stream.concat(
            Stream.of(line(header, widths), rule), rows.stream().map(row -> line(row, widths)))
        .toList();
  }

  private static String line(List<String> cells, int[] widths) {
    return IntStream.range(0, widths.length)
        .mapToObj(i -> DisplayText.pad(DisplayText.cut(cells.get(i), widths[i]), widths[i]))
        .collect(Collectors.joining(GAP))
        .stripTrailing();
  }

  /// What each column needs; where that is too much in all, the narrow ones get it first and the
  /// others share what is left evenly.
  private int[] widths(int available) {
    int[] needed = IntStream.range(0, header.size()).map(this::needed).toArray();
    int[] widths = new int[needed.length];
    int[] narrowFirst =
        IntStream.range(0, needed.length)
            .boxed()
            .sorted((a, b) -> Integer.compare(needed[a], needed[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    int left = available;
    for (int i = 0; i < narrowFirst.length; i++) {
      int share = left / (narrowFirst.length - i);
      int column = narrowFirst[i];
      widths[column] = Math.max(1, Math.min(needed[column], share));
      left -= widths[column];
    }
    return widths;
  }

  private int needed(int column) {
    int widest = DisplayText.width(header.get(column));
    for (List<String> row : rows) {
      widest = Math.max(widest, DisplayText.width(row.get(column)));
    }
    return widest;
  }
}
