package org.glmspark.kernel.x86;

import java.util.HexFormat;
import java.util.function.Consumer;

/// What the manual says of an instruction.
///
/// @param text as the manual writes it
/// @param call asks the assembler for it
/// @param bytes its code in hexadecimal digits, with spaces or without
record Encoding(String text, Consumer<Assembler> call, String bytes) {
  Encoding {
    bytes = bytes.replace(" ", "");
  }

  /// What the assembler makes of the call, in hexadecimal digits.
  String assembled() {
    var assembler = new Assembler();
    call.accept(assembler);
    return HexFormat.of().formatHex(assembler.code());
  }

  @Override
  public String toString() {
    return text;
  }
}
