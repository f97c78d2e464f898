package org.glmspark.job.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Round numbers for axes, and how numbers are written.
final class Scale {
  private static final double[] ROUND = {1, 2, 5, 10};
  private static final long[] ROUND_SECONDS = {
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400
  };

  private Scale() {}

  /// The smallest of ..., 0.5, 1, 2, 5, 10, 20, ... that is not below a number.
  ///
  /// @param least 1 is returned for 0
  static double roundStep(double least) {
    if (least <= 0) {
      return 1;
    }
    int exponent = (int) Math.floor(Math.log10(least));
    for (double mantissa : ROUND) {
      double step =
          exponent < 0 ? mantissa / Math.pow(10, -exponent) : mantissa * Math.pow(10, exponent);
      if (step >= least * (1 - 1e-12)) {
        return step;
      }
    }
    throw new IllegalArgumentException("no round number is as large as " + least);
  }

  /// Round numbers from 0 to the first that is not below `max`.
  ///
  /// @param max above 0
  /// @param most about how many there are
  /// @param leastStep what lies between two of them at least: 1 for whole numbers
  static List<Double> ticks(double max, int most, double leastStep) {
    double step = Math.max(leastStep, roundStep(max / most));
    List<Double> ticks = new ArrayList<>();
    int last = (int) Math.ceil(max / step - 1e-9);
    for (int i = 0; i <= last; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /// Round times from 0 that are not after `max`, in seconds.
  ///
  /// @param most how many there are at most, besides 0
  static List<Double> secondTicks(double max, int most) {
    double step = roundSeconds(max / most);
    List<Double> ticks = new ArrayList<>();
    for (int i = 0; i * step <= max; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  private static double roundSeconds(double least) {
    if (least < 1) {
      return roundStep(least);
    }
    for (long seconds : ROUND_SECONDS) {
      if (seconds >= least) {
        return seconds;
      }
    }
    return 86400 * roundStep(least / 86400); // whole days
  }

  /// A moment or a length of time in its largest units: `0`, `30 s`, `1 min 30 s`, `2 h`, `1 d 12
  /// h`.
  static String seconds(double seconds) {
    if (seconds < 60) {
      return seconds == 0 ? "0" : number(seconds) + " s";
    }
    long whole = Math.round(seconds);
    if (whole < 3600) {
      return twoUnits(whole / 60, "min", whole % 60, "s");
    }
    return whole < 86400
        ? twoUnits(whole / 3600, "h", whole % 3600 / 60, "min")
        : twoUnits(whole / 86400, "d", whole % 86400 / 3600, "h");
  }

  /// A length of time as people say it: `0.4 ms`, `12 ms`, `1.5 s`, `2 min 3 s`.
  static String millis(double millis) {
    return millis < 1000 ? number(millis) + " ms" : seconds(millis / 1000);
  }

  private static String twoUnits(long large, String unit, long small, String smallUnit) {
    String text = large + " " + unit;
    return small == 0 ? text : text + " " + small + " " + smallUnit;
  }

  /// A number with as many digits as say something: `0.25`, `3.5`, `1,234`.
  static String number(double number) {
    double size = Math.abs(number);
    int decimals = size >= 100 || number == Math.rint(number) ? 0 : size >= 10 ? 1 : 2;
    String text = String.format(Locale.ROOT, "%,." + decimals + "f", number);
    return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
  }

  /// How many there are, to the last one: `0`, `1,234,567`.
  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /// A number for an axis: `800`, `20k`, `1.5M`.
  static String axisNumber(double number) {
    if (number >= 1e9) {
      return number(number / 1e9) + "G";
    }
    if (number >= 1e6) {
      return number(number / 1e6) + "M";
    }
    return number >= 1e4 ? number(number / 1e3) + "k" : number(number);
  }

  /// A part of a whole: `31 %`, `0.4 %`.
  static String percent(long part, long whole) {
    if (whole == 0) {
      return "–";
    }
    double percent = 100.0 * part / whole;
    return String.format(Locale.ROOT, percent > 0 && percent < 10 ? "%.1f %%" : "%.0f %%", percent);
  }
}
