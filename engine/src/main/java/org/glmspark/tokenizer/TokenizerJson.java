package org.glmspark.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.MalformedModelException;
import org.jspecify.annotations.Nullable;

/// Reads the `tokenizer.json` of GLM-4-0414 and of the models in the Hugging Face layout: the
/// vocabulary of `tokenizer.model` in other letters. What would encode otherwise than
/// [BytePairTokenizer] is refused.
///
/// Merges are not needed: a token's id is its rank. Nor is the post-processor, which puts the
/// prefix of prompts before any text: prompts put it there themselves, once.
///
/// Source: <https://huggingface.co/docs/tokenizers>.
final class TokenizerJson {
  private static final int MAX_DEPTH = 64;
  private static final String MODEL = "model";
  private static final String VOCABULARY = "model.vocab";
  private static final String ADDED_TOKENS = "added_tokens";
  private static final String PRE_TOKENIZER = "pre_tokenizer";

  private static final JsonFactory FACTORY =
      // names of a hostile file must not stay in memory nor fill a shared table
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();

  private static final ObjectReader TREES = JsonMapper.builder(FACTORY).build().reader();

  /// A token of the file.
  private record Entry(int id, String text) {}

  /// What the file holds.
  ///
  /// @param table all tokens with bytes
  /// @param specialTokens text to id
  record Content(TokenTable table, Map<String, Integer> specialTokens) {}

  private final WholeFile file;
  private final JsonParser parser;
  private final List<Entry> vocabulary = new ArrayList<>();
  private final Map<Integer, String> added = new LinkedHashMap<>();
  private boolean modelSeen;
  private boolean preTokenizerSeen;

  private TokenizerJson(WholeFile file, JsonParser parser) {
    this.file = file;
    this.parser = parser;
  }

  /// @throws MalformedModelException naming the place, what was found and what was expected
  static Content parse(WholeFile file) {
    try (JsonParser parser = FACTORY.createParser(file.bytes())) {
      var json = new TokenizerJson(file, parser);
      json.read();
      return json.content();
    } catch (JsonProcessingException e) {
      throw new MalformedModelException(
          file.name(), place(e.getLocation()), "no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) { // the bytes are in memory: this is about their character encoding
      throw new MalformedModelException(file.name(), "text", "no UTF-8: " + e.getMessage(), e);
    }
  }

  private static String place(@Nullable JsonLocation location) {
    return location == null
        ? "text"
        : "line %d, column %d".formatted(location.getLineNr(), location.getColumnNr());
  }

  private void read() throws IOException {
    require("root", parser.nextToken(), JsonToken.START_OBJECT);
    for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
      JsonToken value = parser.nextToken();
      switch (key) {
        case MODEL -> readModel(value);
        case ADDED_TOKENS -> readAddedTokens(value);
        case PRE_TOKENIZER -> checkPreTokenizer(TREES.readTree(parser));
        case "normalizer" -> require(key, value, JsonToken.VALUE_NULL);
        default -> parser.skipChildren();
      }
    }
    if (parser.nextToken() != null) {
      throw malformed("end", shownValue() + " follows the object, expected nothing");
    }
  }

  private void readModel(JsonToken start) throws IOException {
    require(MODEL, start, JsonToken.START_OBJECT);
    modelSeen = true;
    String type = "none";
    boolean ignoresMerges = false;
    for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
      JsonToken value = parser.nextToken();
      switch (key) {
        case "type" -> type = shownValue();
        case "ignore_merges" -> ignoresMerges = value == JsonToken.VALUE_TRUE;
        case "byte_fallback" -> {
          if (value != JsonToken.VALUE_FALSE) {
            throw malformed("model.byte_fallback", "is %s, expected false".formatted(shownValue()));
          }
        }
        case "dropout", "continuing_subword_prefix", "end_of_word_suffix" -> {
          if (value != JsonToken.VALUE_NULL && !parser.getText().isEmpty()) {
            throw malformed("model." + key, "is %s, expected null".formatted(shownValue()));
          }
        }
        case "vocab" -> readVocabulary(value);
        default -> parser.skipChildren();
      }
    }
    if (!type.equals("'BPE'")) {
      throw malformed("model.type", "is %s, expected 'BPE'".formatted(type));
    }
    if (!ignoresMerges) {
      throw malformed(
          "model.ignore_merges", "is not true, expected true: a word that is a token is that one");
    }
  }

  private void readVocabulary(JsonToken start) throws IOException {
    require(VOCABULARY, start, JsonToken.START_OBJECT);
    for (String text = parser.nextFieldName(); text != null; text = parser.nextFieldName()) {
      require(VOCABULARY, parser.nextToken(), JsonToken.VALUE_NUMBER_INT);
      vocabulary.add(new Entry(id(VOCABULARY), text));
    }
  }

  private void readAddedTokens(JsonToken start) throws IOException {
    require(ADDED_TOKENS, start, JsonToken.START_ARRAY);
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      require(ADDED_TOKENS, parser.currentToken(), JsonToken.START_OBJECT);
      readAddedToken();
    }
  }

  private void readAddedToken() throws IOException {
    int id = -1;
    String content = "";
    for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
      JsonToken value = parser.nextToken();
      switch (key) {
        case "id" -> {
          require(ADDED_TOKENS, value, JsonToken.VALUE_NUMBER_INT);
          id = id(ADDED_TOKENS);
        }
        case "content" -> {
          require(ADDED_TOKENS, value, JsonToken.VALUE_STRING);
          content = parser.getText();
        }
        default -> parser.skipChildren();
      }
    }
    if (id < 0 || content.isEmpty()) {
      throw malformed(ADDED_TOKENS, "a token lacks id or content, expected both");
    }
    String earlier = added.put(id, content);
    if (earlier != null) {
      throw malformed(
          ADDED_TOKENS,
          "id %d again, %s has it; expected another".formatted(id, WholeFile.shown(earlier)));
    }
  }

  private int id(String place) throws IOException {
    int id = parser.getIntValue();
    if (id < 0) {
      throw malformed(place, "id %d, expected at least 0".formatted(id));
    }
    return id;
  }

  /// The words of [WordSplitter], each then as bytes.
  private void checkPreTokenizer(JsonNode found) {
    preTokenizerSeen = true;
    JsonNode steps = found.path("pretokenizers");
    JsonNode split = steps.path(0);
    JsonNode bytes = steps.path(1);
    requireText(PRE_TOKENIZER + ".type", found.path("type"), "Sequence");
    if (steps.size() != 2) {
      throw malformed(
          PRE_TOKENIZER + ".pretokenizers",
          "has %d steps, expected 2, Split and ByteLevel".formatted(steps.size()));
    }
    String first = PRE_TOKENIZER + ".pretokenizers[0].";
    requireText(first + "type", split.path("type"), "Split");
    requireText(
        first + "pattern.Regex",
        split.path("pattern").path("Regex"),
        WordSplitter.REGULAR_EXPRESSION);
    requireText(first + "behavior", split.path("behavior"), "Isolated");
    requireFalse(first + "invert", split.path("invert"));
    String second = PRE_TOKENIZER + ".pretokenizers[1].";
    requireText(second + "type", bytes.path("type"), "ByteLevel");
    requireFalse(second + "add_prefix_space", bytes.path("add_prefix_space"));
    requireFalse(second + "use_regex", bytes.path("use_regex"));
  }

  private void requireText(String place, JsonNode found, String expected) {
    if (!found.isTextual() || !found.asText().equals(expected)) {
      throw malformed(
          place, "is %s, expected '%s'".formatted(WholeFile.shown(found.asText("none")), expected));
    }
  }

  private void requireFalse(String place, JsonNode found) {
    if (!found.isBoolean() || found.asBoolean()) {
      throw malformed(
          place, "is %s, expected false".formatted(WholeFile.shown(found.asText("none"))));
    }
  }

  /// The tokens by their ids. A token may be both in the vocabulary and among those added.
  private Content content() {
    if (!modelSeen || !preTokenizerSeen) {
      throw malformed(
          "root", "has no key '%s', expected one".formatted(modelSeen ? PRE_TOKENIZER : MODEL));
    }
    vocabulary.removeIf(entry -> entry.text().equals(added.get(entry.id())));
    var table = new TokenTable(vocabulary.size());
    for (Entry entry : vocabulary) {
      enter(table, entry);
    }
    ByteFallback.requireSingleBytes(file.name(), table);
    return new Content(table, specialTokens());
  }

  private void enter(TokenTable table, Entry entry) {
    byte[] bytes = ByteCharacters.decode(entry.text());
    String shown = WholeFile.shown(entry.text());
    if (bytes == null || bytes.length == 0) {
      throw malformed(VOCABULARY, shown + ", expected characters that stand for bytes");
    }
    if (entry.id() >= table.size() || table.token(entry.id()).length > 0) {
      throw malformed(
          VOCABULARY,
          "%s has id %d, expected one of its own from 0 to %d: %d tokens have ids without gaps"
              .formatted(shown, entry.id(), table.size() - 1, table.size()));
    }
    table.put(entry.id(), bytes); // keys of an object differ, so these do
  }

  private Map<String, Integer> specialTokens() {
    var ids = new LinkedHashMap<String, Integer>();
    added.forEach((id, text) -> SpecialTokens.add(file.name(), ADDED_TOKENS, ids, text, id));
    SpecialTokens.requireAll(file.name(), ADDED_TOKENS, ids, TokenizerFamily.GLM4);
    return ids;
  }

  private void require(String place, @Nullable JsonToken found, JsonToken expected)
      throws IOException {
    if (found != expected) {
      throw malformed(place, "is %s, expected %s".formatted(shownValue(), expected.name()));
    }
  }

  private String shownValue() throws IOException {
    return WholeFile.shown(String.valueOf(parser.getText()));
  }

  private MalformedModelException malformed(String place, String problem) {
    return new MalformedModelException(file.name(), place, problem);
  }
}
