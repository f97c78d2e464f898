package org.glmspark.job.options;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.glmspark.udfs.NearestName;

/// A job file as JSON, with the place of every key and what the command line puts in its stead.
///
/// Relative paths are meant from the file's folder where the file gives them, and otherwise as
/// Spark takes them: from the folder of the command, unless the cluster has another default file
/// system.
public final class JobFile {
  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build());
  private static final ObjectReader WHOLE_TEXT =
      JSON.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:.*");

  private final Path file;
  private final ObjectNode root;
  private final Map<String, Integer> lines = new HashMap<>();
  private final Map<String, String> options = new HashMap<>();

  private JobFile(Path file) {
    this.file = file;
    this.root = JSON.createObjectNode();
  }

  /// Reads a file; what its keys mean is looked at by [#options].
  ///
  /// @throws JobFileException if there is no such file, or it is not one JSON object
  public static JobFile read(Path file) {
    try {
      return parse(file, Files.readString(file, StandardCharsets.UTF_8));
    } catch (NoSuchFileException e) {
      throw new JobFileException("%s: there is no such job file".formatted(file), e);
    } catch (IOException e) {
      throw new JobFileException("%s: cannot read the job file: %s".formatted(file, e), e);
    }
  }

  /// As [#read], of a text.
  ///
  /// @param file its name, for messages and relative paths
  public static JobFile parse(Path file, String text) {
    JobFile read = new JobFile(file);
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new JobFileException(file + ": not a job file, expected one JSON object");
      }
      read.readObject(parser, read.root, "");
      if (parser.nextToken() != null) {
        throw new JobFileException(
            "%s, line %d: text after the end of the job, expected one JSON object"
                .formatted(file, parser.currentTokenLocation().getLineNr()));
      }
    } catch (JsonProcessingException e) {
      throw new JobFileException(
          "%s, line %d, column %d: not valid JSON: %s"
              .formatted(
                  file,
                  e.getLocation().getLineNr(),
                  e.getLocation().getColumnNr(),
                  firstLine(e.getOriginalMessage())),
          e);
    } catch (IOException e) {
      throw new JobFileException("%s: cannot read the job file: %s".formatted(file, e), e);
    }
    return read;
  }

  /// What `--set` says about a model, for commands that take no job file.
  ///
  /// @param model where it is, as for the key `model.path`
  /// @param assignments as for [#set(String)], of keys of the model
  /// @throws JobFileException if one is not understood
  public static ModelOptions model(String model, List<String> assignments) {
    JobFile settings = new JobFile(Path.of(model));
    settings.set("MODEL", "model.path", model);
    for (String assignment : assignments) {
      if (!assignment.startsWith("model.")) {
        throw new JobFileException(
            "--set %s: expected a setting of the model, such as model.rope-base=5000000"
                .formatted(assignment));
      }
      settings.set(assignment);
    }
    return new OptionReader(settings)
        .read(ModelOptions.class, "model", settings.root.withObject("/model"));
  }

  /// Puts a value in place of whatever the file says, as `--set` does.
  ///
  /// @param assignment `key.path=value`; the value is JSON if it can be read as such, and else text
  /// @throws JobFileException if there is no such key
  public void set(String assignment) {
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new JobFileException(
          "--set %s: expected a key path, '=' and a value, such as request.max-words=30"
              .formatted(assignment));
    }
    put("--set", assignment.substring(0, equals), value(assignment.substring(equals + 1)));
  }

  /// Puts a text in place of whatever the file says.
  ///
  /// @param option the command line option that asks for it, for messages
  /// @param keyPath a key that holds a text
  public void set(String option, String keyPath, String text) {
    put(option, keyPath, TextNode.valueOf(text));
  }

  /// The job, checked.
  ///
  /// @throws JobFileException for the first key that is unknown, missing or of the wrong type
  public JobOptions options() {
    return new OptionReader(this).read(JobOptions.class, "", root);
  }

  /// JSON if the text can be read as one JSON value, else the text itself.
  static JsonNode value(String text) {
    try {
      JsonNode node = WHOLE_TEXT.readTree(text);
      return node.isMissingNode() ? TextNode.valueOf(text) : node;
    } catch (JsonProcessingException _) {
      return TextNode.valueOf(text); // such as parquet, which nobody wants to quote twice
    }
  }

  /// The failure for a key, beginning with where that key, or what should hold it, is written.
  JobFileException problem(String keyPath, String sentence) {
    return new JobFileException(place(keyPath) + ": " + sentence);
  }

  /// Whether the text at a key is a relative path that the file gives, and so meant from its
  /// folder.
  boolean isMeantFromFile(String keyPath, String text) {
    return !options.containsKey(keyPath) && !text.startsWith("/") && !hasScheme(text);
  }

  /// A relative path, from the file's folder.
  Path fromFile(String relative) {
    return file.toAbsolutePath().resolveSibling(relative).normalize();
  }

  /// Whether a text is a URI such as `s3a://bucket/folder`, and no plain path.
  static boolean hasScheme(String text) {
    return SCHEME.matcher(text).matches();
  }

  private String place(String keyPath) {
    for (String path = keyPath; !path.isEmpty(); path = parent(path)) {
      String option = options.get(path);
      if (option != null) {
        return option;
      }
      Integer line = lines.get(path);
      if (line != null) {
        return "%s, line %d".formatted(file, line);
      }
    }
    return file.toString();
  }

  private static String parent(String keyPath) {
    int dot = keyPath.lastIndexOf('.');
    return dot < 0 ? "" : keyPath.substring(0, dot);
  }

  private void put(String option, String keyPath, JsonNode value) {
    List<String> names = OptionKeys.split(keyPath);
    if (names == null) {
      throw new JobFileException(
          "%s %s: unknown key%s".formatted(option, keyPath, nearest(keyPath)));
    }
    ObjectNode section = root;
    for (String name : names.subList(0, names.size() - 1)) {
      section = section.get(name) instanceof ObjectNode inner ? inner : section.putObject(name);
    }
    section.set(names.getLast(), value);
    options.put(keyPath, option);
  }

  private static String nearest(String keyPath) {
    List<String> known = OptionKeys.reference().stream().map(OptionKeys.Description::path).toList();
    String name = keyPath.substring(keyPath.lastIndexOf('.') + 1);
    String nearest =
        known.stream()
            .filter(path -> path.endsWith("." + name))
            .findFirst()
            .orElse(NearestName.of(keyPath, known));
    return nearest == null ? ", see glm run --help" : ", did you mean '%s'?".formatted(nearest);
  }

  private void readObject(JsonParser parser, ObjectNode object, String path) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      String keyPath = OptionKeys.child(path, name);
      lines.put(keyPath, parser.currentTokenLocation().getLineNr());
      object.set(name, readValue(parser, keyPath));
    }
  }

  private JsonNode readValue(JsonParser parser, String path) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      return JSON.readTree(parser);
    }
    ObjectNode object = JSON.createObjectNode();
    readObject(parser, object, path);
    return object;
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }
}
