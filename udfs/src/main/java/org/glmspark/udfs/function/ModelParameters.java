package org.glmspark.udfs.function;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.SamplingPreset;
import org.glmspark.udfs.NearestName;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/// Reads `modelParameters` of `ai_query`: a struct of constants under the names that vLLM gives the
/// options of sampling.
final class ModelParameters {
  private static final Map<String, Function<SamplingParameters, @Nullable Object>> VALUES =
      values();

  private static final List<String> NAMES =
      Stream.concat(Stream.of("preset"), VALUES.keySet().stream()).toList();

  /// What other arguments of `ai_query` say, or the engine alone.
  private static final Set<String> RESERVED =
      Set.of("model", "messages", "prompt", "input", "stream", "n", "response_format", "tools");

  private final SamplingParameters.Builder builder;

  private ModelParameters(SamplingParameters.Builder builder) {
    this.builder = builder;
  }

  private static Map<String, Function<SamplingParameters, @Nullable Object>> values() {
    Map<String, Function<SamplingParameters, @Nullable Object>> values = new LinkedHashMap<>();
    values.put("max_tokens", SamplingParameters::maxTokens);
    values.put("min_tokens", SamplingParameters::minTokens);
    values.put("temperature", SamplingParameters::temperature);
    values.put("top_k", SamplingParameters::topK);
    values.put("top_p", SamplingParameters::topP);
    values.put("min_p", SamplingParameters::minP);
    values.put("repetition_penalty", SamplingParameters::repetitionPenalty);
    values.put("presence_penalty", SamplingParameters::presencePenalty);
    values.put("frequency_penalty", SamplingParameters::frequencyPenalty);
    values.put("logit_bias", SamplingParameters::logitBias);
    values.put("allowed_token_ids", SamplingParameters::allowedTokenIds);
    values.put("bad_words", SamplingParameters::badWords);
    values.put("stop", SamplingParameters::stop);
    values.put("stop_token_ids", SamplingParameters::stopTokenIds);
    values.put("ignore_eos", SamplingParameters::ignoreEos);
    values.put("seed", SamplingParameters::seed);
    return values;
  }

  /// What plans show: the limit, and what is not as in greedy decoding.
  static Map<String, String> shown(SamplingParameters sampling) {
    SamplingParameters greedy = SamplingPreset.GREEDY.parameters(0);
    Map<String, String> shown = new LinkedHashMap<>();
    VALUES.forEach((name, read) -> {
      @Nullable Object value = read.apply(sampling);
      if (name.equals("max_tokens") || !Objects.equals(value, read.apply(greedy))) {
        shown.put(name, String.valueOf(value));
      }
    });
    return shown;
  }

  /// How the model writes.
  ///
  /// @param type of the argument
  /// @param values the argument's fields
  static SamplingParameters of(StructType type, Row values) {
    Map<String, @Nullable Object> given = new LinkedHashMap<>();
    for (int i = 0; i < type.length(); i++) {
      String name = type.fields()[i].name();
      requireKnown(name);
      given.put(name, values.isNullAt(i) ? null : values.get(i));
    }
    var parameters = new ModelParameters(preset(given.remove("preset")).toBuilder());
    given.forEach((name, value) -> {
      if (value == null) {
        throw wrongType(name, "NULL", "a value");
      }
      parameters.set(name, value);
    });
    try {
      return parameters.builder.build();
    } catch (IllegalArgumentException e) {
      throw AiCondition.INVALID_NUMERIC_PARAMETER.refusal(
          "The model parameters of ai_query are out of range: %s.".formatted(e.getMessage()));
    }
  }

  private static void requireKnown(String name) {
    if (RESERVED.contains(name)) {
      throw AiCondition.FOUND_RESERVED_PARAMETER_NAME.refusal(
          "The model parameter '%s' is set by ai_query itself; leave it out.".formatted(name));
    }
    if (!NAMES.contains(name)) {
      @Nullable String nearest = NearestName.of(name, NAMES);
      throw AiCondition.UNSUPPORTED_MODEL_PARAMETER.refusal(
          "There is no model parameter '%s'%s; expected %s."
              .formatted(
                  name,
                  nearest == null ? "" : ", did you mean '%s'?".formatted(nearest),
                  String.join(", ", NAMES)));
    }
  }

  private static SamplingParameters preset(@Nullable Object name) {
    if (name == null) {
      return SamplingPreset.GREEDY.parameters(0);
    }
    return Arrays.stream(SamplingPreset.values())
        .filter(preset -> preset.toString().equals(name))
        .findAny()
        .orElseThrow(() ->
            wrongType(
                "preset",
                name,
                String.join(
                    ", ",
                    Arrays.stream(SamplingPreset.values()).map(SamplingPreset::toString).toList())))
        .parameters(0);
  }

  private void set(String name, Object value) {
    var _ =
        switch (name) {
          case "max_tokens" -> builder.maxTokens(integer(name, value));
          case "min_tokens" -> builder.minTokens(integer(name, value));
          case "temperature" -> builder.temperature(number(name, value));
          case "top_k" -> builder.topK(integer(name, value));
          case "top_p" -> builder.topP(number(name, value));
          case "min_p" -> builder.minP(number(name, value));
          case "repetition_penalty" -> builder.repetitionPenalty(number(name, value));
          case "presence_penalty" -> builder.presencePenalty(number(name, value));
          case "frequency_penalty" -> builder.frequencyPenalty(number(name, value));
          case "logit_bias" -> builder.logitBias(numbersById(name, value));
          case "allowed_token_ids" -> builder.allowedTokenIds(integers(name, value));
          case "bad_words" -> builder.badWords(texts(name, value));
          case "stop" -> builder.stop(texts(name, value));
          case "stop_token_ids" -> builder.stopTokenIds(integers(name, value));
          case "ignore_eos" -> truth(name, value) ? builder.ignoreEos() : builder;
          case "seed" -> builder.seed(whole(name, value));
          default -> throw new IllegalArgumentException("no such parameter: " + name);
        };
  }

  private static int integer(String name, Object value) {
    long whole = whole(name, value);
    if (whole != (int) whole) {
      throw AiCondition.INVALID_NUMERIC_PARAMETER.refusal(
          "The model parameter %s is %d, expected a number of 32 bits.".formatted(name, whole));
    }
    return (int) whole;
  }

  private static long whole(String name, Object value) {
    return switch (value) {
      case Byte number -> number;
      case Short number -> number;
      case Integer number -> number;
      case Long number -> number;
      default -> throw wrongType(name, value, "a whole number");
    };
  }

  private static double number(String name, Object value) {
    return switch (value) {
      case Byte number -> number;
      case Short number -> number;
      case Integer number -> number;
      case Long number -> number;
      case Float number -> number;
      case Double number -> number;
      case BigDecimal number -> number.doubleValue();
      default -> throw wrongType(name, value, "a number");
    };
  }

  private static boolean truth(String name, Object value) {
    if (value instanceof Boolean truth) {
      return truth;
    }
    throw wrongType(name, value, "true or false");
  }

  private static List<String> texts(String name, Object value) {
    if (value instanceof String text) {
      return List.of(text);
    }
    List<String> texts = new ArrayList<>();
    for (Object element : elements(name, value, "a text or an array of texts")) {
      if (!(element instanceof String text)) {
        throw wrongType(name, value, "a text or an array of texts");
      }
      texts.add(text);
    }
    return texts;
  }

  private static List<Integer> integers(String name, Object value) {
    List<Integer> integers = new ArrayList<>();
    for (Object element : elements(name, value, "an array of whole numbers")) {
      if (element == null) {
        throw wrongType(name, value, "an array of whole numbers");
      }
      integers.add(integer(name, element));
    }
    return integers;
  }

  private static List<@Nullable Object> elements(String name, Object value, String expected) {
    if (value instanceof scala.collection.Seq<?> elements) {
      return Scala.<@Nullable Object>list(elements);
    }
    throw wrongType(name, value, expected);
  }

  private static Map<Integer, Double> numbersById(String name, Object value) {
    String expected = "a map of numbers, each under the id of a token";
    if (!(value instanceof scala.collection.Map<?, ?> map)) {
      throw wrongType(name, value, expected);
    }
    Map<Integer, Double> numbers = new LinkedHashMap<>();
    for (Object entry : Scala.<Object>list(map)) {
      var pair = (Tuple2<?, ?>) entry;
      if (!String.valueOf(pair._1()).matches("[0-9]{1,9}") || pair._2() == null) {
        throw wrongType(name, value, expected);
      }
      numbers.put(Integer.valueOf(String.valueOf(pair._1())), number(name, pair._2()));
    }
    return numbers;
  }

  private static RuntimeException wrongType(String name, Object value, String expected) {
    return AiCondition.INVALID_PARAMETER_DATA_TYPE.refusal(
        "The model parameter %s is %s, expected %s.".formatted(name, value, expected));
  }

  /// Refuses an argument that is no struct.
  static StructType requireStruct(DataType type) {
    if (type instanceof StructType struct) {
      return struct;
    }
    throw AiCondition.INVALID_PARAMETER_DATA_TYPE.refusal(
        "The model parameters are %s, expected named_struct('name', value, ...)."
            .formatted(type.sql()));
  }
}
