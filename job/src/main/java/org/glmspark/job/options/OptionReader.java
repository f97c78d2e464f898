package org.glmspark.job.options;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.udfs.NearestName;
import org.jspecify.annotations.Nullable;

/// Makes option records from the tree of a job file; the first thing that is wrong ends it.
final class OptionReader {
  private final JobFile file;

  OptionReader(JobFile file) {
    this.file = file;
  }

  /// @param section a record whose components all are keys
  /// @param path the section's key path, empty at the top
  /// @throws JobFileException for an unknown key, a missing one, or a value the section cannot take
  <R extends Record> R read(Class<R> section, String path, ObjectNode node) {
    List<String> names = OptionKeys.names(section);
    node.fieldNames().forEachRemaining(name -> requireKnown(name, path, names));
    RecordComponent[] components = section.getRecordComponents();
    @Nullable Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      String name = OptionKeys.name(components[i]);
      values[i] = value(components[i], OptionKeys.child(path, name), node.get(name));
    }
    return construct(section, path, names, values);
  }

  private void requireKnown(String name, String path, List<String> names) {
    if (!names.contains(name)) {
      String nearest = NearestName.of(name, names);
      String keyPath = OptionKeys.child(path, name);
      throw file.problem(
          keyPath,
          "unknown key '%s'%s; %s takes %s"
              .formatted(
                  keyPath,
                  nearest == null ? elsewhere(name) : ", did you mean '" + nearest + "'?",
                  path.isEmpty() ? "a job file" : "'" + path + "'",
                  String.join(", ", names)));
    }
  }

  private static String elsewhere(String name) {
    return OptionKeys.reference().stream()
        .map(OptionKeys.Description::path)
        .filter(path -> path.endsWith("." + name))
        .findFirst()
        .map(", did you mean '%s'?"::formatted)
        .orElse("");
  }

  private @Nullable Object value(RecordComponent component, String path, @Nullable JsonNode given) {
    Key key = OptionKeys.key(component);
    if (given == null && key.defaultValue().isEmpty()) {
      throw file.problem(
          path,
          "key '%s' is missing, expected %s: %s".formatted(path, expected(component), key.value()));
    }
    JsonNode node = given == null ? JobFile.value(key.defaultValue()) : given;
    if (node.isNull() && key.defaultValue().equals("null")) {
      return null;
    }
    Class<?> type = component.getType();
    if (type.isRecord() && node instanceof ObjectNode object) {
      return read(type.asSubclass(Record.class), path, object);
    }
    if (type == AnswerFormat.class) {
      return answerFormat(path, node);
    }
    Object value = convert(component, key, path, node);
    if (value == null) {
      throw file.problem(
          path, "'%s' is %s, expected %s".formatted(path, found(node), expected(component)));
    }
    return value;
  }

  /// The node as the component's type, or null if it is something else.
  private @Nullable Object convert(RecordComponent component, Key key, String path, JsonNode node) {
    Class<?> type = component.getType();
    if (type == int.class || type == Integer.class) {
      return node.isIntegralNumber() && node.canConvertToInt() ? node.intValue() : null;
    }
    if (type == long.class) {
      return node.isIntegralNumber() && node.canConvertToLong() ? node.longValue() : null;
    }
    if (type == double.class || type == Double.class) {
      return node.isNumber() ? node.doubleValue() : null;
    }
    if (type == boolean.class) {
      return node.isBoolean() ? node.booleanValue() : null;
    }
    if (type == List.class) {
      if (OptionKeys.isOf(component, Integer.class)) {
        return ids(node);
      }
      return key.text() == Key.Text.ONE_OR_MORE && node.isTextual()
          ? List.of(node.textValue())
          : texts(node);
    }
    if (type == Map.class) {
      return OptionKeys.isOf(component, Double.class) ? numbersById(node) : textsByName(node);
    }
    if (type.isRecord() || !node.isTextual()) {
      return null;
    }
    String text = node.textValue();
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .filter(constant -> OptionKeys.constant((Enum<?>) constant).equals(text))
          .findAny()
          .orElse(null);
    }
    if (key.text() == Key.Text.PATH && file.isMeantFromFile(path, text)) {
      Path absolute = file.fromFile(text);
      return type == Path.class ? absolute : "file:" + absolute;
    }
    if (key.text() == Key.Text.MODEL && file.isMeantFromFile(path, text)) {
      return file.fromFile(text).toString(); // as a URI, it would be copied
    }
    return type == Path.class ? path(path, text) : text;
  }

  private @Nullable AnswerFormat answerFormat(String path, JsonNode node) {
    try {
      return AnswerFormat.parse(node.toString());
    } catch (IllegalArgumentException e) {
      throw file.problem(path, "'%s': %s".formatted(path, e.getMessage()));
    }
  }

  private static @Nullable List<String> texts(JsonNode node) {
    if (!node.isArray()) {
      return null;
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode element : node) {
      if (!element.isTextual()) {
        return null;
      }
      texts.add(element.textValue());
    }
    return texts;
  }

  private static @Nullable List<Integer> ids(JsonNode node) {
    if (!node.isArray()) {
      return null;
    }
    List<Integer> ids = new ArrayList<>();
    for (JsonNode element : node) {
      if (!element.isIntegralNumber() || !element.canConvertToInt()) {
        return null;
      }
      ids.add(element.intValue());
    }
    return ids;
  }

  private static @Nullable Map<Integer, Double> numbersById(JsonNode node) {
    if (!node.isObject()) {
      return null;
    }
    Map<Integer, Double> numbers = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (!entry.getKey().matches("[0-9]{1,9}") || !entry.getValue().isNumber()) {
        return null;
      }
      numbers.put(Integer.valueOf(entry.getKey()), entry.getValue().doubleValue());
    }
    return numbers;
  }

  private static @Nullable Map<String, String> textsByName(JsonNode node) {
    if (!node.isObject()) {
      return null;
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (!entry.getValue().isValueNode() || entry.getValue().isNull()) {
        return null;
      }
      texts.put(entry.getKey(), entry.getValue().asText());
    }
    return texts;
  }

  private Path path(String keyPath, String text) {
    if (JobFile.hasScheme(text)) {
      throw file.problem(
          keyPath,
          "'%s' is \"%s\", expected a folder of each machine's own file system"
              .formatted(keyPath, text));
    }
    return Path.of(text).toAbsolutePath().normalize();
  }

  private <R extends Record> R construct(
      Class<R> section, String path, List<String> names, @Nullable Object[] values) {
    try {
      Class<?>[] types =
          Arrays.stream(section.getRecordComponents())
              .map(RecordComponent::getType)
              .toArray(Class<?>[]::new);
      Constructor<R> constructor = section.getDeclaredConstructor(types);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refusal) {
        throw refused(path, names, refusal);
      }
      throw new IllegalStateException("cannot make " + section, e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make " + section, e);
    }
  }

  /// A section's own checks begin their sentence with the name of a key, where they are about one.
  private JobFileException refused(
      String path, List<String> names, IllegalArgumentException refusal) {
    String sentence = String.valueOf(refusal.getMessage());
    for (String name : names) {
      if (sentence.startsWith(name + " ")) {
        String keyPath = OptionKeys.child(path, name);
        return file.problem(
            keyPath, "'%s'%s".formatted(keyPath, sentence.substring(name.length())));
      }
    }
    return file.problem(path, "'%s': %s".formatted(path, sentence));
  }

  private static String expected(RecordComponent component) {
    Class<?> type = component.getType();
    if (type.isRecord()) {
      return "an object with " + String.join(", ", OptionKeys.names(type));
    }
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(constant -> "\"" + OptionKeys.constant((Enum<?>) constant) + "\"")
          .collect(Collectors.joining(" or "));
    }
    if (type == int.class || type == Integer.class || type == long.class) {
      return "a whole number";
    }
    if (type == double.class || type == Double.class) {
      return "a number";
    }
    if (type == boolean.class) {
      return "true or false";
    }
    if (type == List.class) {
      return OptionKeys.isOf(component, Integer.class)
          ? "a list of whole numbers"
          : "a list of texts";
    }
    if (type == Map.class) {
      return OptionKeys.isOf(component, Double.class)
          ? "an object of numbers, each under the id of a token"
          : "an object of texts";
    }
    return "a text";
  }

  private static String found(JsonNode node) {
    return switch (node.getNodeType()) {
      case STRING -> "the text " + node;
      case NUMBER -> "the number " + node;
      case BOOLEAN, NULL -> node.toString();
      case ARRAY -> "a list";
      case OBJECT -> "an object";
      case BINARY, MISSING, POJO -> throw new IllegalStateException("no JSON: " + node);
    };
  }
}
