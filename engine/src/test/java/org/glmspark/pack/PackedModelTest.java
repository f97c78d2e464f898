package org.glmspark.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.glmspark.model.LayerWeights;
import org.glmspark.model.Model;
import org.glmspark.model.ModelDescription;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.ModelOverrides;
import org.glmspark.model.PackContent;
import org.glmspark.model.PublishedWeight;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StoredMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Packs hold what the published files hold.
class PackedModelTest {
  @TempDir Path folder;

  static List<String> folders() {
    return List.of(
        "chatglm2-6b",
        "chatglm3-6b-32k",
        "glm-4-9b-chat",
        "glm-4-9b-chat-hf",
        "glm-4-9b-chat-1m",
        "glm-4-32b-0414");
  }

  static List<Path> ggufFiles() throws IOException {
    try (Stream<Path> files = Files.list(Packs.GOLDEN.resolve("gguf"))) {
      return files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void weightsOfAPackAreTheStoredOnesToTheBit(String name) {
    Path source = Packs.GOLDEN.resolve(name);
    try (Model published = ModelLoader.load(source);
        Model packed = ModelLoader.load(Packs.pack(source, (WeightType) null, folder))) {
      List<StripMatrix> expected = Packs.matrices(published);
      List<StripMatrix> found = Packs.matrices(packed);
      for (int i = 0; i < expected.size(); i++) {
        assertThat(found.get(i).type()).isEqualTo(expected.get(i).type());
        assertThat(found.get(i).data().mismatch(expected.get(i).data())).isEqualTo(-1);
      }
      assertSameRest(packed, published);
    }
  }

  private static void assertSameRest(Model packed, Model published) {
    assertThat(packed.config()).isEqualTo(published.config());
    Tensor table = packed.weights().embedding();
    assertThat(table.dtype()).isEqualTo(published.weights().embedding().dtype());
    assertThat(table.data().mismatch(published.weights().embedding().data())).isEqualTo(-1);
    assertThat(packed.weights().finalNorm()).isEqualTo(published.weights().finalNorm());
    for (int i = 0; i < published.config().layers(); i++) {
      LayerWeights expected = published.weights().layers().get(i);
      LayerWeights found = packed.weights().layers().get(i);
      assertThat(found.attentionNorm()).isEqualTo(expected.attentionNorm());
      assertThat(found.queryKeyValueBias()).isEqualTo(expected.queryKeyValueBias());
      assertThat(found.attentionPostNorm()).isEqualTo(expected.attentionPostNorm());
      assertThat(found.feedForwardNorm()).isEqualTo(expected.feedForwardNorm());
      assertThat(found.feedForwardPostNorm()).isEqualTo(expected.feedForwardPostNorm());
    }
  }

  static Stream<Arguments> ggufFilesAndTypes() throws IOException {
    return ggufFiles().stream()
        .flatMap(file ->
            Stream.of(null, WeightType.Q4, WeightType.Q4M, WeightType.Q8, WeightType.F32)
                .map(type -> Arguments.of(file, type)));
  }

  /// Files mix types, so each matrix is measured by what it is stored in.
  @ParameterizedTest
  @MethodSource("ggufFilesAndTypes")
  void quantisedMatricesKeepTheirValuesAsFarAsTheTypeHoldsThem(
      Path source, @Nullable WeightType type) {
    int exact = 0;
    try (PackContent published = PackContent.open(source);
        Model packed = ModelLoader.load(Packs.pack(source, type, folder))) {
      List<PublishedWeight.Matrix> expected =
          published.weights().stream()
              .filter(PublishedWeight.Matrix.class::isInstance)
              .map(PublishedWeight.Matrix.class::cast)
              .toList();
      List<StripMatrix> found = Packs.matrices(packed);
      assertThat(found).hasSameSizeAs(expected);
      for (int i = 0; i < found.size(); i++) {
        int row = 0;
        for (StoredMatrix part : expected.get(i).parts()) {
          double share = share(((Tensor) part).dtype(), found.get(i).type());
          exact += share == 0 ? 1 : 0;
          assertThat(largestError(part, found.get(i), row))
              .as("%s in %s", part.name(), found.get(i).type())
              .isLessThanOrEqualTo(share);
          row += part.shape().getFirst().intValue();
        }
      }
    }
    if (type == WeightType.F32) {
      assertThat(exact).isGreaterThan(8);
    }
  }

  /// How far values may be off, as a share of the largest of their 32.
  private static double share(DType stored, WeightType packed) {
    return switch (packed) {
      case F32 -> 0;
      case Q8 -> stored == DType.Q8_0 || stored == DType.Q4_0 ? 0 : 0.008;
      case Q4 -> stored == DType.Q4_0 ? 0 : 0.2;
      case Q4M ->
          switch (stored) {
            case Q4_1 -> 0;
            case Q4_K -> 0.0015; // scale and minimum rounded to float16
            default -> 0.2;
          };
      case F16, BF16 -> throw new AssertionError("not asked for");
    };
  }

  private static double largestError(StoredMatrix stored, StripMatrix found, int firstRow) {
    int columns = found.columns();
    float[] expected = new float[columns];
    double error = 0;
    for (int row = 0; row < stored.shape().getFirst(); row += 3) {
      stored.decode((long) row * columns, columns, expected, 0);
      float[] values = Packs.row(found, firstRow + row);
      for (int block = 0; block < columns; block += 32) {
        float largest = 0;
        float difference = 0;
        for (int i = block; i < block + 32; i++) {
          largest = Math.max(largest, Math.abs(expected[i]));
          difference = Math.max(difference, Math.abs(values[i] - expected[i]));
        }
        error = difference == 0 ? error : Math.max(error, difference / largest);
      }
    }
    return error;
  }

  /// The rows of the table are rounded exactly as those of a matrix.
  @ParameterizedTest
  @EnumSource(WeightType.class)
  void theEmbeddingHasTheValuesOfAMatrixOfItsTypeOrItsOwn(WeightType type) throws IOException {
    Path source = Packs.GOLDEN.resolve("glm-4-9b-chat");
    try (Model published = ModelLoader.load(source);
        Model packed = ModelLoader.load(Packs.pack(source, type, folder))) {
      Tensor stored = published.weights().embedding();
      Tensor table = packed.weights().embedding();
      int rows = Math.toIntExact(stored.shape().getFirst());
      int columns = Math.toIntExact(stored.shape().getLast());
      float[] expected = stored.floats();
      if (type.isQuantized()) {
        StripMatrix matrix = matrix(stored, type);
        for (int row = 0; row < rows; row++) {
          matrix.decodeRow(row, 0, columns, expected, row * columns);
        }
        assertThat(table.data().byteSize()).isLessThan(stored.data().byteSize());
      } else {
        assertThat(table.dtype()).isEqualTo(stored.dtype()); // BF16, the smallest of the three
      }
      assertThat(table.floats()).isEqualTo(expected);
    }
  }

  private static StripMatrix matrix(Tensor stored, WeightType type) {
    return StripMatrix.interleave("embedding", List.of(stored), type, Arena.ofAuto());
  }

  @Test
  void theOutputMatrixMayHaveATypeOfItsOwn() {
    var options = new PackOptions(WeightType.Q4, WeightType.Q8);
    Path pack = Packs.pack(Packs.GOLDEN.resolve("glm-4-32b-0414"), options, folder);
    try (Model model = ModelLoader.load(pack)) {
      assertThat(model.weights().output().type()).isEqualTo(WeightType.Q8);
      assertThat(Packs.matrices(model).stream().skip(1).map(StripMatrix::type))
          .containsOnly(WeightType.Q4);
    }
  }

  @Test
  void aPackSaysOfItselfWhatTheFolderSays() {
    ModelDescription published = ModelLoader.describe(Packs.SAMPLE);
    ModelDescription packed =
        ModelLoader.describe(Packs.pack(Packs.SAMPLE, (WeightType) null, folder));

    assertThat(packed.config()).isEqualTo(published.config());
    assertThat(packed.origins()).isEqualTo(published.origins());
    assertThat(packed.family()).isEqualTo(published.family());
    assertThat(packed.chatFormat()).isEqualTo(published.chatFormat());
    assertThat(packed.tokenizerOrigin()).isEqualTo(published.tokenizerOrigin());
    assertThat(packed.generationDefaults()).isNotEmpty().isEqualTo(published.generationDefaults());
    assertThat(packed.requireTokenizer().encode("I bought the lamp."))
        .isEqualTo(published.requireTokenizer().encode("I bought the lamp."));
    assertThat(published.pack()).isNull();
    assertThat(Objects.requireNonNull(packed.pack()).packer()).startsWith("glm-spark ");
  }

  @Test
  void settingsAgainstTheFilesHoldForPacksToo() {
    Path pack = Packs.pack(Packs.GOLDEN.resolve("chatglm3-6b-32k"), (WeightType) null, folder);
    var overrides = new ModelOverrides(7e5, 1e-6, 100, null);

    ModelDescription description = ModelLoader.describe(pack, overrides);

    assertThat(description.config().rope().base()).isEqualTo(7e5);
    assertThat(description.config().normEpsilon()).isEqualTo(1e-6f);
    assertThat(description.config().contextTokens()).isEqualTo(100);
  }

  @Test
  void equalModelsHaveEqualDigestsAndOthersDoNot() {
    Path source = Packs.GOLDEN.resolve("glm-4-9b-chat-hf");
    Path again = folder.resolve("again.glmpack");
    new ModelPacker(PackOptions.NATURAL, PackProgress.SILENT).pack(source, again, IfPresent.REFUSE);

    String digest = digest(Packs.pack(source, (WeightType) null, folder));

    assertThat(digest(again)).isEqualTo(digest);
    assertThat(digest(Packs.pack(source, WeightType.Q8, folder))).isNotEqualTo(digest);
    Path other = Packs.GOLDEN.resolve("glm-4-9b-chat");
    assertThat(digest(Packs.pack(other, (WeightType) null, folder))).isNotEqualTo(digest);
  }

  private static String digest(Path pack) {
    try (Model model = ModelLoader.load(pack)) {
      return model.digest();
    }
  }
}
