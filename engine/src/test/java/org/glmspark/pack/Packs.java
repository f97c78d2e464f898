package org.glmspark.pack;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.glmspark.model.Model;
import org.glmspark.model.ModelWeights;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;

/// Packs of the golden models and of the sample model.
final class Packs {
  static final Path GOLDEN = Path.of("src/test/resources/golden");
  static final Path SAMPLE = Path.of("../sample-data/model");

  private Packs() {}

  static Path pack(Path source, @Nullable WeightType weights, Path folder) {
    return pack(source, new PackOptions(weights, null), folder);
  }

  static Path pack(Path source, PackOptions options, Path folder) {
    Path target = folder.resolve(source.getFileName() + "-" + options.label() + ".glmpack");
    new ModelPacker(options, PackProgress.SILENT).pack(source, target, IfPresent.REFUSE);
    return target;
  }

  /// The output matrix, then those of the layers in their order.
  static List<StripMatrix> matrices(Model model) {
    ModelWeights weights = model.weights();
    var matrices = new ArrayList<StripMatrix>();
    matrices.add(weights.output());
    weights
        .layers()
        .forEach(layer ->
            matrices.addAll(
                List.of(
                    layer.queryKeyValue(), layer.attentionOutput(), layer.gateUp(), layer.down())));
    return matrices;
  }

  static float[] row(StripMatrix matrix, int row) {
    float[] values = new float[matrix.columns()];
    matrix.decodeRow(row, 0, values.length, values, 0);
    return values;
  }
}
