package org.glmspark.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.glmspark.kernel.x86.InstructionSet;
import org.glmspark.kernel.x86.Int8Kernels;
import org.glmspark.kernel.x86.UnavailableException;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.provider.Arguments;

/// All kernels of one kind, for tests that each of them must pass.
final class TestKernels {
  private TestKernels() {}

  /// The Vector API, and every instruction set of this machine.
  static Stream<Arguments> all() throws UnavailableException {
    List<MatMul> kernels = new ArrayList<>();
    kernels.add(MatMul.of(KernelChoice.VECTOR));
    if (!MatMul.of(KernelChoice.AUTO).description().startsWith("Vector")) {
      for (InstructionSet set : Int8Kernels.available()) {
        kernels.add(MatMul.of(Int8Kernels.of(set)));
      }
    }
    return kernels.stream()
        .map(matMul -> Arguments.arguments(Named.of(matMul.description(), matMul)));
  }
}
