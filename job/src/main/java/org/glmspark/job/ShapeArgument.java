package org.glmspark.job;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelShape;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// The sizes of a model of random weights.
final class ShapeArgument {
  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--shape",
      paramLabel = "NAME",
      converter = ShapeConverter.class,
      description = {
        "sizes of a model of random weights: chatglm2-6b, chatglm3-6b, glm-4-9b,",
        "glm-4-9b-1m or glm-4-32b"
      })
  private @Nullable ModelShape shape;

  @Option(
      names = "--layers",
      paramLabel = "N",
      description = "layers of the random model (default: as many as the real one has)")
  private @Nullable Integer layers;

  /// Finds a shape by the name that options give it.
  static final class ShapeConverter implements ITypeConverter<ModelShape> {
    @Override
    public ModelShape convert(String value) {
      return Arrays.stream(ModelShape.values())
          .filter(shape -> shape.optionName().equals(value))
          .findAny()
          .orElseThrow(() ->
              new TypeConversionException(
                  "'%s' is no shape, expected one of %s"
                      .formatted(
                          value,
                          Arrays.stream(ModelShape.values())
                              .map(ModelShape::optionName)
                              .collect(Collectors.joining(", ")))));
    }
  }

  /// Whether the command line says anything about it.
  boolean isGiven() {
    return shape != null || layers != null;
  }

  /// The shape; null if none is named.
  @Nullable ModelShape shape() {
    return shape;
  }

  /// The sizes of a shape with as many layers as were asked for.
  ///
  /// @throws ParameterException if there is no model of so many layers
  ModelConfig config(ModelShape chosen) {
    if (layers == null) {
      return chosen.config();
    }
    try {
      return chosen.config(layers);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--layers: " + e.getMessage(), e);
    }
  }
}
