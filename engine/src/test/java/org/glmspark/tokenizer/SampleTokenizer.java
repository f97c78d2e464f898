package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/// The sample model's tokenizer and what it has to say about 300 documents.
public final class SampleTokenizer {
  private static final JsonMapper JSON = new JsonMapper();

  /// One document, its prompt and its completion, by the program that trained the sample model.
  public record Summary(
      String id,
      String body,
      List<Integer> promptIds,
      List<Integer> completionIds,
      String summary) {}

  private SampleTokenizer() {}

  /// The folder with `tokenizer.model` and `tokenizer_config.json`.
  public static Path folder() {
    try {
      return Path.of(
          Objects.requireNonNull(SampleTokenizer.class.getResource("/sample-tokenizer")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The sample model's tokenizer, loaded anew.
  public static BytePairTokenizer load() {
    try {
      return BytePairTokenizer.load(folder());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The token that stands for just this byte.
  public static int singleByte(Tokenizer tokenizer, int b) {
    return IntStream.range(0, tokenizer.vocabulary().size())
        .filter(id -> Arrays.equals(tokenizer.vocabulary().bytes(id), new byte[] {(byte) b}))
        .findFirst()
        .orElseThrow();
  }

  /// All 300 documents.
  public static List<Summary> summaries() throws IOException {
    var summaries = new ArrayList<Summary>();
    for (JsonNode row : jsonLines(folder().resolve("summaries.jsonl"))) {
      summaries.add(
          new Summary(
              row.required("id").asText(),
              row.required("body").asText(),
              List.of(JSON.convertValue(row.required("prompt_ids"), Integer[].class)),
              List.of(JSON.convertValue(row.required("completion_ids"), Integer[].class)),
              row.required("summary").asText()));
    }
    return summaries;
  }

  /// Each line of the file as JSON.
  public static List<JsonNode> jsonLines(Path file) throws IOException {
    var rows = new ArrayList<JsonNode>();
    for (String line : Files.readAllLines(file, UTF_8)) {
      rows.add(JSON.readTree(line));
    }
    return rows;
  }

  /// A JSON array of numbers.
  public static int[] ints(JsonNode array) {
    return JSON.convertValue(array, int[].class);
  }
}
