package org.glmspark.grammar;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The decimal numbers between two bounds, digit by digit and exact: up to 18 digits before the
/// point, and no exponent. -0 is not among them.
///
/// A number is compared with a bound of as many digits from the left: as long as both agree the
/// next digit is bound too, afterwards all digits are free.
final class DecimalRange {
  private static final int INTEGER_DIGITS = 18;
  private static final BigDecimal BEYOND = BigDecimal.TEN.pow(INTEGER_DIGITS);
  private static final int MOST_SCALE = 400;

  /// One end of the range; null where there is none.
  record Bound(BigDecimal value, boolean inclusive) {
    /// @throws IllegalArgumentException if it has absurdly many digits
    Bound {
      if (Math.abs((long) value.scale()) > MOST_SCALE) {
        throw new IllegalArgumentException(
            "bound %s, expected at most %d digits".formatted(value, MOST_SCALE));
      }
    }

    private Bound negated() {
      return new Bound(value.negate(), inclusive);
    }
  }

  private final Graph graph;
  private final int fractionDigits;

  /// @param fractionDigits most digits after the point; 0 for integers
  DecimalRange(Graph graph, int fractionDigits) {
    this.graph = graph;
    this.fractionDigits = fractionDigits;
  }

  /// Writes the numbers; nothing if there are none.
  void write(@Nullable Bound least, @Nullable Bound most, int from, int to) {
    Bound zero = new Bound(BigDecimal.ZERO, true);
    if (most == null || most.value().signum() >= 0) {
      Bound lower = least == null || least.value().signum() < 0 ? zero : least;
      new Magnitudes(lower, most, to).write(from);
    }
    if (least == null || least.value().signum() < 0) {
      Bound lower =
          most == null || most.value().signum() >= 0
              ? new Bound(BigDecimal.ZERO, false)
              : most.negated();
      int minus = graph.node();
      graph.read(from, '-', '-', minus);
      new Magnitudes(lower, least == null ? null : least.negated(), to).write(minus);
    }
  }

  /// Numbers without sign.
  private final class Magnitudes {
    private final Bound least;
    private final @Nullable Bound most;
    private final int to;

    /// The digits of a bound from the left, as many after the point as a number may have.
    private final String leastDigits;

    private final String mostDigits;

    /// Nodes from which only so many digits before the point, and those after it, are open.
    private final Map<Integer, Integer> free = new HashMap<>();

    /// @param least not negative
    Magnitudes(Bound least, @Nullable Bound most, int to) {
      this.least = rounded(least, RoundingMode.CEILING);
      this.most =
          most == null || most.value().compareTo(BEYOND) >= 0
              ? null
              : rounded(most, RoundingMode.FLOOR);
      this.to = to;
      this.leastDigits = digits(this.least);
      this.mostDigits = this.most == null ? "" : digits(this.most);
    }

    /// A bound with no more digits than a number may have. One that lies between two numbers moves
    /// to the next that is in the range.
    private Bound rounded(Bound bound, RoundingMode mode) {
      BigDecimal value = bound.value().setScale(fractionDigits, mode);
      return new Bound(value, bound.inclusive() || value.compareTo(bound.value()) != 0);
    }

    private String digits(Bound bound) {
      String digits = bound.value().unscaledValue().toString();
      return "0".repeat(Math.max(0, fractionDigits + 1 - digits.length())) + digits;
    }

    void write(int from) {
      int leastWidth = leastDigits.length() - fractionDigits;
      int mostWidth = most == null ? INTEGER_DIGITS + 1 : mostDigits.length() - fractionDigits;
      for (int width = leastWidth; width <= Math.min(mostWidth, INTEGER_DIGITS); width++) {
        var digit = new Position(width, 0, width == leastWidth, width == mostWidth);
        next(from, digit, width == 1 ? '0' : '1'); // no leading zeros
      }
    }

    /// A place within a number.
    ///
    /// @param width digits before the point
    /// @param index of the next digit, those after the point counted on
    /// @param leastBinds whether the digits so far are those of the least number
    private record Position(int width, int index, boolean leastBinds, boolean mostBinds) {}

    /// Writes the next digit and what may follow it.
    private void next(int from, Position position, char lowest) {
      for (char digit = lowest; digit <= '9'; digit++) {
        int atLeast = position.leastBinds() ? leastDigits.charAt(position.index()) : digit;
        int atMost = position.mostBinds() ? mostDigits.charAt(position.index()) : digit;
        if (digit < atLeast || digit > atMost) {
          continue;
        }
        var next =
            new Position(
                position.width(),
                position.index() + 1,
                position.leastBinds() && digit == atLeast,
                position.mostBinds() && digit == atMost);
        graph.read(from, digit, digit, after(next));
      }
    }

    private int after(Position position) {
      if (position.leastBinds() || position.mostBinds()) {
        int node = graph.node();
        goOn(node, position);
        return node;
      }
      int left = position.width() - position.index();
      Integer known = free.get(left);
      if (known != null) {
        return known;
      }
      int node = graph.node();
      free.put(left, node);
      goOn(node, position);
      return node;
    }

    private void goOn(int node, Position position) {
      int fraction = position.index() - position.width();
      if (fraction < 0) {
        next(node, position, '0');
        return;
      }
      if (mayEnd(position)) {
        graph.skip(node, to);
      }
      if (fraction < fractionDigits) {
        int digit = node;
        if (fraction == 0) {
          digit = graph.node();
          graph.read(node, '.', '.', digit);
        }
        next(digit, position, '0');
      }
    }

    /// Whether the number, as if zeros followed, is in the range.
    private boolean mayEnd(Position position) {
      boolean leastIsZeros = isZeros(leastDigits, position.index());
      boolean mostIsZeros = isZeros(mostDigits, position.index());
      boolean aboveLeast = !position.leastBinds() || (leastIsZeros && least.inclusive());
      boolean belowMost =
          !position.mostBinds() || !mostIsZeros || (most != null && most.inclusive());
      return aboveLeast && belowMost;
    }

    private static boolean isZeros(String digits, int from) {
      return digits.chars().skip(from).allMatch(c -> c == '0');
    }
  }
}
