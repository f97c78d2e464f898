package org.glmspark.fuzzing;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// What Jazzer calls. Its arguments name the targets; if there are several, the first byte of an
/// input chooses one.
public final class Fuzzer {
  private static List<FuzzTarget> targets = List.of(FuzzTarget.values());

  private Fuzzer() {}

  public static void fuzzerInitialize(String[] names) {
    targets =
        Arrays.stream(names)
            .map(name -> FuzzTarget.valueOf(name.toUpperCase(Locale.ROOT)))
            .toList();
  }

  public static void fuzzerTestOneInput(byte[] input) {
    if (targets.size() == 1) {
      targets.getFirst().runInstrumented(input);
    } else if (input.length > 0) {
      FuzzTarget target = targets.get(Byte.toUnsignedInt(input[0]) % targets.size());
      target.runInstrumented(Arrays.copyOfRange(input, 1, input.length));
    }
  }
}
