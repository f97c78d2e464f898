package org.glmspark.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.stream.Stream;
import org.glmspark.kernel.x86.Assembler.Memory;
import org.glmspark.kernel.x86.Assembler.Register;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Instructions of general registers, jumps, and what asks the processor.
class GeneralEncodingTest {
  /// REX is 4 WRXB, also where it could be left out.
  static Stream<Encoding> encodings() {
    return Stream.of(
        new Encoding("mov rbp, rsp", a -> a.mov(Register.RBP, Register.RSP), "48 89 e5"),
        new Encoding("mov r8, rdx", a -> a.mov(Register.R8, Register.RDX), "49 89 d0"),
        new Encoding("mov eax, 0x0f0e0d0c", a -> a.mov(Register.RAX, 0x0f0e0d0c), "40 b8 0c0d0e0f"),
        new Encoding("mov r9d, 1", a -> a.mov(Register.R9, 1), "41 b9 01000000"),
        new Encoding("mov [r8+4], ebx", a -> a.store(Register.R8, 4, Register.RBX), "41 89 58 04"),
        new Encoding(
            "mov [rsp-4], eax", a -> a.store(Register.RSP, -4, Register.RAX), "40 89 44 24 fc"),
        new Encoding("mov [rbp], ecx", a -> a.store(Register.RBP, 0, Register.RCX), "40 89 4d 00"),
        new Encoding("add rcx, r8", a -> a.add(Register.RCX, Register.R8), "4c 01 c1"),
        new Encoding("add rdi, 288", a -> a.add(Register.RDI, 288), "48 81 c7 20010000"),
        new Encoding("and rsp, -32", a -> a.and(Register.RSP, -32), "48 81 e4 e0ffffff"),
        new Encoding("or rax, rdx", a -> a.or(Register.RAX, Register.RDX), "48 09 d0"),
        new Encoding("shl rdx, 32", a -> a.shiftLeft(Register.RDX, 32), "48 c1 e2 20"),
        new Encoding("dec rdx", a -> a.decrement(Register.RDX), "48 ff ca"),
        new Encoding(
            "dec qword [rsp+24]", a -> a.decrement(new Memory(Register.RSP, 24)), "48 ff 4c 24 18"),
        new Encoding(
            "mov rbx, [rsp+16]",
            a -> a.load(Register.RBX, new Memory(Register.RSP, 16)),
            "48 8b 5c 24 10"),
        new Encoding(
            "mov r12, [rsp+24]",
            a -> a.load(Register.R12, new Memory(Register.RSP, 24)),
            "4c 8b 64 24 18"),
        new Encoding("add r12, r13", a -> a.add(Register.R12, Register.R13), "4d 01 ec"),
        new Encoding("push r13", a -> a.push(Register.R13), "41 55"),
        new Encoding("push rbx", a -> a.push(Register.RBX), "40 53"),
        new Encoding("pop r8", a -> a.pop(Register.R8), "41 58"),
        new Encoding("ret", Assembler::ret, "c3"),
        new Encoding(
            "prefetcht0 [rdi+2048]", a -> a.prefetch(Register.RDI, 2048), "40 0f 18 8f 00080000"),
        new Encoding("prefetcht0 [r8+64]", a -> a.prefetch(Register.R8, 64), "41 0f 18 48 40"),
        new Encoding(
            "prefetcht1 [rbp+64]", a -> a.prefetchSecondLevel(Register.RBP, 64), "40 0f 18 55 40"),
        new Encoding(
            "prefetcht1 [r12]", a -> a.prefetchSecondLevel(Register.R12, 0), "41 0f 18 14 24"),
        new Encoding("cpuid", Assembler::cpuid, "0f a2"),
        new Encoding("xgetbv", Assembler::xgetbv, "0f 01 d0"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("encodings")
  void hasTheBytesOfTheManual(Encoding encoding) {
    assertThat(encoding.assembled()).isEqualTo(encoding.bytes());
  }

  @Test
  void jumpsBackFromItsEnd() {
    var assembler = new Assembler();
    assembler.ret();
    int position = assembler.position();
    assembler.decrement(Register.RDI);
    assembler.jumpIfNotZero(position);
    // the jump takes 6 bytes, the decrement 3
    assertThat(HexFormat.of().formatHex(assembler.code()))
        .isEqualTo("c3" + "48ffcf" + "0f85f7ffffff");
  }
}
