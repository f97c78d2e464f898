package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.glmspark.format.TorchFiles.archive;
import static org.glmspark.format.TorchFiles.assertRefused;
import static org.glmspark.format.TorchFiles.isRefused;
import static org.glmspark.format.TorchFiles.sound;
import static org.glmspark.format.TorchFiles.soundPickle;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Pickles of checkpoints that are broken, or do what no checkpoint does.
class TorchPickleTest {
  static Stream<Arguments> brokenPickles() {
    return Stream.of(
        // opcodes
        broken(
            PickleBytes.dictionary().text("a").global("posix", "system"),
            "data.pkl, byte 10: asks for 'posix system', expected a type of storage, a tensor or"),
        broken(
            PickleBytes.dictionary().global("torch", "QInt8Storage"),
            "asks for 'torch QInt8Storage'"),
        broken(
            PickleBytes.dictionary().global("torch._utils", "_rebuild_sparse_tensor"),
            "asks for 'torch._utils _rebuild_sparse_tensor'"),
        broken(PickleBytes.dictionary().global("x".repeat(300), "y"), "is longer than 200"),
        broken(
            PickleBytes.dictionary().global("torch\u0007", "y"), "name of a class holds byte 0x07"),
        broken(
            PickleBytes.dictionary().bytes('i'),
            "byte 4: opcode 0x69 'i', expected one of those that"),
        broken(
            PickleBytes.dictionary().bytes(0x93),
            "byte 4: opcode 0x93, expected one of those that"),
        broken(PickleBytes.dictionary().bytes(0x82, 1), "opcode 0x82, expected"),
        broken(new PickleBytes().bytes(0x80, 4, '}', '.'), "not begin as a pickle of protocol 2"),
        broken(new PickleBytes().bytes('}', '.'), "does not begin as a pickle of protocol 2"),
        // the end
        broken(PickleBytes.dictionary(), "byte 4: the pickle ends within an opcode or before STOP"),
        broken(
            PickleBytes.dictionary().bytes('X', 9, 0, 0, 0, 'a'),
            "a text of 9 bytes, but 1 are left"),
        broken(
            PickleBytes.dictionary().bytes('X', 255, 255, 255, 255),
            "a text of 4294967295 bytes, but 0"),
        broken(PickleBytes.dictionary().bytes('c', 'a'), "the pickle ends within an opcode"),
        broken(new PickleBytes().bytes(0x80, 2, '}', '.', 0), "1 bytes follow STOP"),
        broken(new PickleBytes().bytes(0x80, 2, '.'), "STOP leaves something other than one"),
        broken(new PickleBytes().bytes(0x80, 2, '}', '}', '.'), "STOP leaves something other"),
        broken(new PickleBytes().bytes(0x80, 2, 'K', 1, '.'), "STOP leaves something other than"),
        broken(PickleBytes.dictionary().bytes('.'), "STOP leaves something other than"),
        // stack and memo
        broken(new PickleBytes().bytes(0x80, 2, 's'), "0 values on the stack, expected 2"),
        broken(new PickleBytes().bytes(0x80, 2, 'u'), "no mark on the stack, expected one"),
        broken(new PickleBytes().bytes(0x80, 2, 'q', 0), "the stack is empty, expected a value"),
        broken(PickleBytes.dictionary().bytes('R'), "the stack is empty, expected a value"),
        broken(PickleBytes.dictionary().bytes(')', 0x86), "1 values on the stack, expected 2"),
        broken(repeated('(', 101), "more than 100 marks, expected fewer"),
        broken(repeated(')', 10_001), "more than 10000 values on the stack, expected fewer"),
        broken(repeated(')', 70).bytes('t'), "a tuple of 70, expected at most 64"),
        broken(PickleBytes.dictionary().bytes('h', 0), "memo slot 0, expected less than 0"),
        broken(PickleBytes.dictionary().text("a").bytes('q', 1), "memo slot 1, expected at most 0"),
        broken(
            PickleBytes.dictionary().text("a").bytes('r', 255, 255, 255, 255),
            "memo slot 4294967295, expected at most 0"),
        broken(
            PickleBytes.dictionary().bytes('j', 255, 255, 255, 127),
            "memo slot 2147483647, expected less"),
        // values of the wrong kind
        broken(PickleBytes.dictionary().bytes('K', 1, 'K', 1, 'u', '.'), "1, expected a key"),
        broken(
            PickleBytes.dictionary().text("a").bytes('u', '.'),
            "1 keys and values, expected pairs"),
        broken(
            PickleBytes.dictionary().text("a").bytes('K', 1, 'u', '.'),
            "'a' is 1, expected a tensor"),
        broken(
            PickleBytes.dictionary().text("a").bytes('}', 'u', '.'),
            "'a' is a dictionary, expected a"),
        broken(
            PickleBytes.dictionary().text("a").bytes('}', 'R'),
            "a dictionary, expected a tuple of argum"),
        broken(
            PickleBytes.dictionary().bytes('}', ')', 'R'),
            "a dictionary, expected something to call"),
        broken(
            PickleBytes.dictionary().bytes(')', '}', 'b'),
            "sets attributes of a tuple of 0 from a dict"),
        broken(
            PickleBytes.dictionary().bytes(')').text("a").bytes('N', 's'),
            "a tuple of 0, expected a dict"),
        broken(
            PickleBytes.dictionary().global("collections", "OrderedDict").bytes('K', 1, 0x85, 'R'),
            "collections OrderedDict with 1 arguments, expected 0"),
        broken(
            PickleBytes.dictionary().global("torch._utils", "_rebuild_tensor_v2").bytes(')', 'R'),
            "torch._utils _rebuild_tensor_v2 with 0 arguments, expected 6"),
        broken(
            PickleBytes.dictionary().global("torch", "HalfStorage").bytes(')', 'R'),
            "torch HalfStorage, expected something to call"),
        broken(PickleBytes.dictionary().bytes('N', 'Q'), "None, expected a tuple"),
        broken(
            PickleBytes.dictionary().bytes(')', 'Q'),
            "a persistent id [], expected ('storage', a type"),
        broken(
            PickleBytes.dictionary().bytes(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1),
            "a number of 9 bytes, expected at most 8"),
        // storages
        broken(tensor("FloatStorage", "1", 6, 0, 6, 1), "asks for storage '1', which is not there"),
        broken(
            tensor("FloatStorage", "../data/0", 6, 0, 6, 1), "asks for storage '../data/0', which"),
        broken(
            tensor("FloatStorage", "0", 7, 0, 6, 1),
            "storage '0' of F32 has 24 bytes, expected those of 7 elements"),
        broken(tensor("HalfStorage", "0", 6, 0, 6, 1), "of F16 has 24 bytes, expected those of 6"),
        broken(tensor("FloatStorage", "0", -6, 0, 6, 1), "expected those of -6 elements"),
        broken(
            tensor("FloatStorage", "0", Long.MAX_VALUE, 0, 6, 1), "F32 [9223372036854775807] has"),
        // tensors
        broken(
            tensor("FloatStorage", "0", 6, 0, 7, 1),
            "a tensor of shape [7] at element 0 of storage '0', which has 6 elements"),
        broken(tensor("FloatStorage", "0", 6, 1, 6, 1), "shape [6] at element 1 of storage '0'"),
        broken(tensor("FloatStorage", "0", 6, 7, 0, 1), "shape [0] at element 7 of storage '0'"),
        broken(tensor("FloatStorage", "0", 6, -1, 6, 1), "at element -1 of storage '0'"),
        broken(tensor("FloatStorage", "0", 6, Long.MAX_VALUE, 6, 1), "at element 9223372036854775"),
        broken(tensor("FloatStorage", "0", 6, 0, -1, 1), "of shape [-1], expected sizes from 0"),
        broken(tensor("FloatStorage", "0", 6, 0, Long.MAX_VALUE, 1), "has more than 2^63 bytes"),
        broken(
            tensor("FloatStorage", "0", 6, 0, 3, 2),
            "strides [2] of shape [3], expected those of row-major order"),
        broken(tensor("FloatStorage", "0", 6, 0, 6, 0), "strides [0] of shape [6], expected"),
        broken(
            PickleBytes.dictionary()
                .tensor("a", "FloatStorage", "0", 6, 0, List.of(2L, 3L), List.of(1L, 2L)),
            "strides [1, 2] of shape [2, 3], expected those of row-major order"),
        broken(
            PickleBytes.dictionary()
                .tensor("a", "FloatStorage", "0", 6, 0, List.of(6L), List.of(1L, 1L)),
            "strides [1, 1] of shape [6], expected as many"),
        broken(
            PickleBytes.dictionary()
                .tensor("a", "FloatStorage", "0", 6, 0, List.of(1L << 32, 1L << 32), List.of()),
            "F32 [4294967296, 4294967296] has more than 2^63 bytes"),
        // names
        broken(sound("").bytes('u', '.'), "name of a tensor is empty or holds control characters"),
        broken(sound("a\n").bytes('u', '.'), "name of a tensor is empty or holds control char"),
        broken(sound("n".repeat(1025)).bytes('u', '.'), "has 1025 bytes, expected at most 1024"),
        broken(
            sound("a").tensor("a", "FloatStorage", "0", 6, 0, List.of(6L), List.of(1L)).bytes('u'),
            "tensor 'a' stands in it twice, expected once"),
        broken(PickleBytes.dictionary().bytes('X', 1, 0, 0, 0, 0xC0, 'N', 'u'), "is not UTF-8"));
  }

  private static PickleBytes repeated(int opcode, int times) {
    PickleBytes pickle = new PickleBytes().bytes(0x80, 2, '(');
    for (int i = 0; i < times; i++) {
      pickle.bytes(opcode);
    }
    return pickle;
  }

  private static PickleBytes tensor(
      String type, String key, long elements, long offset, long size, long stride) {
    return PickleBytes.dictionary()
        .tensor("a", type, key, elements, offset, List.of(size), List.of(stride));
  }

  private static Arguments broken(PickleBytes pickle, String message) {
    return arguments(pickle.toByteArray(), message);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("brokenPickles")
  void refusesPicklesThatDoAnythingElse(byte[] pickle, String message) {
    assertRefused(archive(pickle).toByteArray(), message);
  }

  @Test
  void refusesMoreValuesThanThePickleIsLongEnoughFor() {
    PickleBytes tuplesInTuples = PickleBytes.dictionary().bytes(')');
    for (int i = 0; i < 50_000; i++) {
      tuplesInTuples.bytes(0x85); // one byte each
    }

    assertRefused(
        archive(tuplesInTuples.toByteArray()).toByteArray(),
        "more than 1548626 bytes of memory, expected fewer in 50005 bytes of pickle");
  }

  @Test
  void damagedPicklesAreReadOrRefusedAndNothingElse() {
    int damagedFiles = 10_000;
    int refused = 0;
    byte[] pickle = soundPickle();
    for (int seed = 0; seed < damagedFiles; seed++) {
      byte[] damaged = new Mutations(seed).damage(pickle);
      refused += isRefused(archive(damaged).toByteArray(), "seed " + seed);
    }
    assertThat(refused).isBetween(damagedFiles / 2, damagedFiles - 100); // some damage is harmless
  }
}
