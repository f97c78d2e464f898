package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A pack file is believed nothing that was not compared with it.
class ModelPackTest {
  private static final List<PackPart> PARTS =
      List.of(
          PackPart.file("a.json", 3),
          PackPart.strips("b", WeightType.Q4M, 17, 33),
          PackPart.rows("c", DType.BF16, List.of(5)));

  /// Parts whose bytes are their number, from 1.
  private static byte[] pack(List<PackPart> parts) {
    var header = new PackHeader("test", PackPart.NO_DIGEST, parts);
    List<Long> offsets = header.offsets();
    byte[] file = new byte[offsets.getLast().intValue()];
    for (int i = 0; i < parts.size(); i++) {
      int start = offsets.get(i).intValue();
      Arrays.fill(file, start, start + (int) parts.get(i).bytes(), (byte) (i + 1));
    }
    byte[] beginning = header.encode();
    System.arraycopy(beginning, 0, file, 0, beginning.length);
    return file;
  }

  private static ModelPack parse(byte[] content) {
    return ModelPack.parse(new MappedFile("x.glmpack", MemorySegment.ofArray(content)));
  }

  private static byte[] edited(UnaryOperator<String> edit) {
    byte[] file = pack(PARTS);
    int length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    byte[] json =
        edit.apply(new String(file, 16, length, StandardCharsets.UTF_8))
            .getBytes(StandardCharsets.UTF_8);
    byte[] result = Arrays.copyOf(file, file.length);
    Arrays.fill(result, 16, 4096, (byte) 0);
    System.arraycopy(json, 0, result, 16, json.length);
    ByteBuffer.wrap(result).order(ByteOrder.LITTLE_ENDIAN).putInt(12, json.length);
    return result;
  }

  @Test
  void partsLieOnPagesOneBehindTheOther() {
    ModelPack pack = parse(pack(PARTS));

    MemorySegment content = Objects.requireNonNull(pack.content("a.json"));
    StripMatrix strips = Objects.requireNonNull(pack.strips("b"));
    Tensor rows = Objects.requireNonNull(pack.rows("c"));

    assertThat(content.toArray(ValueLayout.JAVA_BYTE)).containsOnly(1).hasSize(3);
    assertThat(strips.data().byteSize()).isEqualTo(2 * 2 * 320); // strips, blocks, bytes
    assertThat(strips.data().toArray(ValueLayout.JAVA_BYTE)).containsOnly(2);
    assertThat(rows.data().toArray(ValueLayout.JAVA_BYTE)).containsOnly(3);
    assertThat(pack.file().data().byteSize()).isEqualTo(3 * 4096 + 10);
    assertThat(pack.content("b")).isNull();
    assertThat(pack.strips("d")).isNull();
  }

  @Test
  void everyCutIsFound() {
    byte[] file = pack(PARTS);
    for (int length = 0; length < file.length; length += length < 2000 ? 1 : 97) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> parse(cut)).isInstanceOf(MalformedModelException.class);
    }
    assertThatThrownBy(() -> parse(Arrays.copyOf(file, file.length + 1)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("size: 12299 bytes, expected 12298");
  }

  @Test
  void anotherVersionIsRefused() {
    byte[] file = pack(PARTS);
    file[8] = 2;
    assertThatThrownBy(() -> parse(file))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("is of version 2, expected 1; pack the model again");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"name\":\"c\" | \"name\":\"b\" | stands in the header twice",
        "\"name\":\"c\" | \"name\":\"C\" | the header was damaged",
        "\"name\":\"c\" | \"name\":\"\" | letters, digits and _ . / - only",
        "\"q4m\" | \"q3\" | expected f32 or f16 or bf16 or q8 or q4 or q4m",
        "\"q4m\" | \"q4\" | the header was damaged",
        "\"BF16\" | \"I64\" | expected a type that decodes to floats",
        "\"BF16\" | \"Q4_K\" | has 5 columns, expected a multiple of 256",
        "\"strips\" | \"columns\" | expected file, rows or strips",
        "[17,33] | [17] | expected 2 dimensions",
        "[17,33] | [0,33] | expected a whole number from 1",
        "[17,33] | [17,99999999999] | expected a whole number from 1",
        "[17,33] | [2147483647,2147483647] | the header was damaged",
        "\"sha256\":\"00 | \"sha256\":\"0X | expected 64 hexadecimal digits",
        "\"parts\":[ | \"parts\":[1, | expected a list of objects only",
        "\"packer\" | \"packet\" | key 'packer': is missing",
      })
  void whatContradictsItselfIsRefused(String found, String replacement, String message) {
    assertThatThrownBy(() -> parse(edited(json -> json.replace(found, replacement))))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("x.glmpack: ")
        .hasMessageContaining(message);
  }

  @Test
  void partsBeyondAllFilesAreRefused() {
    var huge = PackPart.rows("x", DType.F32, List.of(Integer.MAX_VALUE, Integer.MAX_VALUE));
    var header =
        new PackHeader("test", PackPart.NO_DIGEST, List.of(huge, huge.withDigest("1".repeat(64))));

    assertThatThrownBy(() -> parse(header.encode())).isInstanceOf(MalformedModelException.class);
  }
}
