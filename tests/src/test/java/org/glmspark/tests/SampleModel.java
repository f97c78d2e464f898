package org.glmspark.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.TaskPrompts;

/// The model and the documents of `sample-data`.
final class SampleModel {
  /// The root of the project.
  static final Path ROOT = Path.of(System.getProperty("glm.root")).toAbsolutePath().normalize();

  static final Path DATA = ROOT.resolve("sample-data");
  static final Path FOLDER = DATA.resolve("model");

  /// Where the processes of the tests keep its pack.
  static final Path PACKS = ROOT.resolve("tests").resolve("target").resolve("packs");

  private SampleModel() {}

  /// A document and what a float64 engine makes of it.
  record Document(
      String id, String body, List<Integer> promptTokens, List<Integer> tokens, String summary) {

    GenerationRequest request(GenerationEngine engine) {
      return summarize(engine, body);
    }

    /// Tokens that an engine draws for the summary: the last of them ends it.
    int drawn() {
      return tokens.size() + 1;
    }
  }

  /// The request of the task `summarize` with its default limit of 50 words.
  static GenerationRequest summarize(GenerationEngine engine, String body) {
    ChatTemplate template = Objects.requireNonNull(engine.model().chatTemplate());
    ChatMessage message = ChatMessage.user(TaskPrompts.summarize(body, 50));
    return new GenerationRequest(template.encode(List.of(message)), SamplingParameters.greedy(160));
  }

  static List<Document> documents() {
    List<JsonNode> bodies = lines("documents.jsonl");
    List<JsonNode> expected = lines("expected.jsonl");
    List<Document> documents = new ArrayList<>();
    for (int i = 0; i < bodies.size(); i++) {
      JsonNode golden = expected.get(i);
      documents.add(
          new Document(
              golden.get("id").textValue(),
              bodies.get(i).get("body").textValue(),
              integers(golden.get("prompt_ids")),
              integers(golden.get("completion_ids")),
              golden.get("summary").textValue()));
    }
    return documents;
  }

  private static List<JsonNode> lines(String file) {
    ObjectMapper mapper = new ObjectMapper();
    try (Stream<String> lines = Files.lines(DATA.resolve(file))) {
      List<JsonNode> nodes = new ArrayList<>();
      for (String line : (Iterable<String>) lines::iterator) {
        nodes.add(mapper.readTree(line));
      }
      return nodes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Integer> integers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::intValue).toList();
  }
}
