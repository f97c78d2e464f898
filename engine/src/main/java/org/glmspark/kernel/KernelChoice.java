package org.glmspark.kernel;

/// Which kernels compute a model. All give the same bits.
public enum KernelChoice {
  /// Assembled ones where the machine allows it, otherwise those of the Vector API.
  AUTO,
  /// The Vector API, on any processor.
  VECTOR,
  /// Assembled for x86-64; an error where the machine does not allow it.
  X86
}
