package org.glmspark.job.options;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.glmspark.grammar.AnswerFormat;
import org.jspecify.annotations.Nullable;

/// The keys of a job file, read from the components of its records.
///
/// A key path is the names from the file's top to a key, joined by dots: `request.max-words`.
public final class OptionKeys {
  /// What Spark takes for secrets too, in options that only the source understands.
  private static final Pattern SECRET =
      Pattern.compile("secret|password|token|credential|access.?key", Pattern.CASE_INSENSITIVE);

  private OptionKeys() {}

  /// One key, for a reference.
  ///
  /// @param path its key path
  /// @param defaultValue what holds if it is absent, or null if it must be there
  /// @param sentence what it means
  public record Description(String path, @Nullable String defaultValue, String sentence) {}

  /// Every key of a job file that holds a value, section by section.
  public static List<Description> reference() {
    List<Description> all = new ArrayList<>();
    describe(JobOptions.class, "", all);
    return List.copyOf(all);
  }

  /// The settings as a job file would say them, with every default filled in, to be kept beside an
  /// output: secrets among a source's own options are left out.
  public static ObjectNode json(JobOptions options) {
    ObjectNode json = object(options);
    for (JsonNode section : json) {
      if (section.get("options") instanceof ObjectNode ofSource) {
        List<String> names = new ArrayList<>();
        ofSource.fieldNames().forEachRemaining(names::add);
        names.stream()
            .filter(name -> SECRET.matcher(name).find())
            .forEach(name -> ofSource.put(name, "(left out)"));
      }
    }
    return json;
  }

  static String name(RecordComponent component) {
    String name = key(component).name();
    return name.isEmpty() ? hyphenated(component.getName()) : name;
  }

  static Key key(RecordComponent component) {
    Key key = component.getAnnotation(Key.class);
    if (key == null) {
      throw new IllegalStateException(
          "component %s of %s has no @Key"
              .formatted(component.getName(), component.getDeclaringRecord()));
    }
    return key;
  }

  /// Whether a list is one of such elements, or a map has such values.
  static boolean isOf(RecordComponent component, Class<?> element) {
    return component.getGenericType() instanceof ParameterizedType type
        && type.getActualTypeArguments()[type.getActualTypeArguments().length - 1] == element;
  }

  static List<String> names(Class<?> section) {
    return Arrays.stream(section.getRecordComponents()).map(OptionKeys::name).toList();
  }

  /// An enum constant as job files write it: `error-if-exists`.
  public static String constant(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static String child(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /// The names from the top to the key that `path` means, or null if there is no such key. Below a
  /// map, such as `input.options`, the rest of the path is one name, dots and all.
  static @Nullable List<String> split(String path) {
    List<String> names = new ArrayList<>();
    Class<?> section = JobOptions.class;
    String rest = path;
    while (section.isRecord()) {
      int dot = rest.indexOf('.');
      String name = dot < 0 ? rest : rest.substring(0, dot);
      RecordComponent component = component(section, name);
      if (component == null) {
        return null;
      }
      names.add(name);
      if (dot < 0) {
        return names;
      }
      section = component.getType();
      rest = rest.substring(dot + 1);
    }
    if (section != Map.class) {
      return null;
    }
    names.add(rest);
    return names;
  }

  private static @Nullable RecordComponent component(Class<?> section, String name) {
    return Arrays.stream(section.getRecordComponents())
        .filter(component -> name(component).equals(name))
        .findAny()
        .orElse(null);
  }

  private static void describe(Class<?> section, String path, List<Description> all) {
    for (RecordComponent component : section.getRecordComponents()) {
      Key key = key(component);
      String keyPath = child(path, name(component));
      if (component.getType().isRecord()) {
        describe(component.getType(), keyPath, all);
      } else {
        String value = key.defaultValue().isEmpty() ? null : key.defaultValue();
        all.add(new Description(keyPath, value, key.value() + constants(component.getType())));
      }
    }
  }

  private static String constants(Class<?> type) {
    return type.isEnum()
        ? Arrays.stream(type.getEnumConstants())
            .map(constant -> constant((Enum<?>) constant))
            .collect(Collectors.joining(", ", ": ", ""))
        : "";
  }

  private static ObjectNode object(Record section) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    for (RecordComponent component : section.getClass().getRecordComponents()) {
      Object value = value(component, section);
      if (value != null) {
        node.set(name(component), json(value));
      }
    }
    return node;
  }

  private static JsonNode json(Object value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (value) {
      case AnswerFormat format -> JobFile.value(format.json());
      case Record section -> object(section);
      case Integer number -> nodes.numberNode(number);
      case Long number -> nodes.numberNode(number);
      case Double number -> nodes.numberNode(number);
      case Boolean bool -> nodes.booleanNode(bool);
      case Enum<?> constant -> nodes.textNode(constant(constant));
      case List<?> elements -> {
        var list = nodes.arrayNode();
        elements.forEach(element -> list.add(json(element)));
        yield list;
      }
      case Map<?, ?> values -> {
        var map = nodes.objectNode();
        // in ascending order, which a map of options itself has not: the same text in every JVM
        new TreeMap<Object, Object>(values)
            .forEach((name, element) -> map.set(name.toString(), json(element)));
        yield map;
      }
      default -> nodes.textNode(value.toString());
    };
  }

  private static @Nullable Object value(RecordComponent component, Record section) {
    try {
      return component.getAccessor().invoke(section);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component + " of " + section, e);
    }
  }

  private static String hyphenated(String camelCase) {
    return camelCase.replaceAll("(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
  }
}
