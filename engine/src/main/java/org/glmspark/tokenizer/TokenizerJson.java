package org.glmspark.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.glmspark.format.Excerpt;
import org.glmspark.format.JsonText;
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
  private static final int MAX_SETTINGS = 100;
  private static final String MODEL = "model";
  private static final String VOCABULARY = "model.vocab";
  private static final String ADDED_TOKENS = "added_tokens";
  private static final String PRE_TOKENIZER = "pre_tokenizer";
  private static final String NORMALIZER = "normalizer";

  // keys whose values matter: a second value must not take the place of the first
  private static final Set<String> ROOT_KEYS =
      Set.of(MODEL, ADDED_TOKENS, PRE_TOKENIZER, NORMALIZER);
  private static final Set<String> MODEL_KEYS =
      Set.of(
          "type",
          "vocab",
          "ignore_merges",
          "byte_fallback",
          "dropout",
          "continuing_subword_prefix",
          "end_of_word_suffix");

  /// The words of [WordSplitter], each then as bytes: values by their places.
  private static final Map<String, String> PRE_TOKENIZER_SETTINGS =
      Map.of(
          "/pre_tokenizer/type",
          "'Sequence'",
          "/pre_tokenizer/pretokenizers/0/type",
          "'Split'",
          "/pre_tokenizer/pretokenizers/0/pattern/Regex",
          "'" + WordSplitter.REGULAR_EXPRESSION + "'",
          "/pre_tokenizer/pretokenizers/0/behavior",
          "'Isolated'",
          "/pre_tokenizer/pretokenizers/0/invert",
          "false",
          "/pre_tokenizer/pretokenizers/1/type",
          "'ByteLevel'",
          "/pre_tokenizer/pretokenizers/1/add_prefix_space",
          "false",
          "/pre_tokenizer/pretokenizers/1/use_regex",
          "false");

  private static final String THIRD_STEP = "/pre_tokenizer/pretokenizers/2";

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

  /// The keys that mattered so far.
  private final Set<String> seen = new HashSet<>();

  private TokenizerJson(WholeFile file, JsonParser parser) {
    this.file = file;
    this.parser = parser;
  }

  /// @throws MalformedModelException naming the place, what was found and what was expected
  static Content parse(WholeFile file) {
    JsonFactoryBuilder parsers =
        JsonText.parsers().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES); // they all differ
    return JsonText.read(
        file.name(),
        "",
        file.bytes(),
        parsers,
        parser -> {
          var json = new TokenizerJson(file, parser);
          json.read();
          return json.content();
        });
  }

  private void read() throws IOException {
    require("root", parser.nextToken(), JsonToken.START_OBJECT);
    for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
      JsonToken value = parser.nextToken();
      requireFirst(ROOT_KEYS, "", key);
      switch (key) {
        case MODEL -> readModel(value);
        case ADDED_TOKENS -> readAddedTokens(value);
        case PRE_TOKENIZER -> checkPreTokenizer();
        case NORMALIZER -> require(key, value, JsonToken.VALUE_NULL);
        default -> parser.skipChildren();
      }
    }
    if (parser.nextToken() != null) {
      throw malformed("end", shownValue() + " follows the object, expected nothing");
    }
  }

  private void readModel(JsonToken start) throws IOException {
    require(MODEL, start, JsonToken.START_OBJECT);
    String type = "none";
    boolean ignoresMerges = false;
    for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
      JsonToken value = parser.nextToken();
      requireFirst(MODEL_KEYS, MODEL + ".", key);
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
      TokenTable.requireCount(file.name(), vocabulary.size());
    }
  }

  private void readAddedTokens(JsonToken start) throws IOException {
    require(ADDED_TOKENS, start, JsonToken.START_ARRAY);
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      require(ADDED_TOKENS, parser.currentToken(), JsonToken.START_OBJECT);
      readAddedToken();
      TokenTable.requireCount(file.name(), added.size());
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
          "id %d again, %s has it; expected another".formatted(id, Excerpt.quoted(earlier)));
    }
  }

  private int id(String place) throws IOException {
    int id = parser.getIntValue();
    if (id < 0) {
      throw malformed(place, "id %d, expected at least 0".formatted(id));
    }
    return id;
  }

  private void checkPreTokenizer() throws IOException {
    Map<String, String> found = settings();
    for (Map.Entry<String, String> expected : new TreeMap<>(PRE_TOKENIZER_SETTINGS).entrySet()) {
      String value = found.getOrDefault(expected.getKey(), "missing");
      if (!value.equals(expected.getValue())) {
        throw malformed(
            expected.getKey(),
            "is %s, expected %s".formatted(Excerpt.of(value), expected.getValue()));
      }
    }
    if (found.containsKey(THIRD_STEP)) {
      throw malformed(THIRD_STEP, "is a third step, expected two, Split and ByteLevel");
    }
  }

  /// All of the value that begins here, by place: texts between quotes, other values as they are.
  private Map<String, String> settings() throws IOException {
    var settings = new HashMap<String, String>();
    int depth = 0;
    do {
      JsonToken token = parser.currentToken();
      if (token.isStructEnd()) {
        depth--;
      } else if (token != JsonToken.FIELD_NAME) {
        String text = parser.getText();
        String place = parser.getParsingContext().pathAsPointer().toString();
        String value = token == JsonToken.VALUE_STRING ? "'" + text + "'" : text;
        if (settings.put(place, value) != null) {
          throw malformed(place, "stands there twice, expected once");
        }
        depth += token.isStructStart() ? 1 : 0;
      }
      if (settings.size() > MAX_SETTINGS) {
        throw malformed(
            PRE_TOKENIZER, "more than %d values, expected fewer".formatted(MAX_SETTINGS));
      }
    } while (depth > 0 && parser.nextToken() != null);
    return settings;
  }

  /// The tokens by their ids. A token may be both in the vocabulary and among those added.
  private Content content() {
    for (String key : List.of(MODEL, PRE_TOKENIZER)) {
      if (!seen.contains(key)) {
        throw malformed("root", "has no key '%s', expected one".formatted(key));
      }
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
    if (bytes == null || bytes.length == 0) {
      throw malformed(
          VOCABULARY, Excerpt.quoted(entry.text()) + ", expected characters that stand for bytes");
    }
    if (entry.id() >= table.size() || table.token(entry.id()).length > 0) {
      throw malformed(
          VOCABULARY,
          "%s has id %d, expected one of its own from 0 to %d: %d tokens have ids without gaps"
              .formatted(Excerpt.quoted(entry.text()), entry.id(), table.size() - 1, table.size()));
    }
    int first = table.put(entry.id(), bytes);
    if (first != entry.id()) {
      throw malformed(
          VOCABULARY,
          "%s has id %d, but also id %d; expected one"
              .formatted(Excerpt.quoted(entry.text()), first, entry.id()));
    }
  }

  private Map<String, Integer> specialTokens() {
    var ids = new LinkedHashMap<String, Integer>();
    added.forEach((id, text) -> SpecialTokens.add(file.name(), ADDED_TOKENS, ids, text, id));
    SpecialTokens.requireAll(file.name(), ADDED_TOKENS, ids, TokenizerFamily.GLM4);
    return ids;
  }

  private void requireFirst(Set<String> keys, String place, String key) {
    if (keys.contains(key) && !seen.add(place + key)) {
      throw malformed(place + key, "stands there twice, expected once");
    }
  }

  private void require(String place, @Nullable JsonToken found, JsonToken expected)
      throws IOException {
    if (found != expected) {
      throw malformed(place, "is %s, expected %s".formatted(shownValue(), expected.name()));
    }
  }

  private String shownValue() throws IOException {
    return Excerpt.quoted(String.valueOf(parser.getText()));
  }

  private MalformedModelException malformed(String place, String problem) {
    return new MalformedModelException(file.name(), place, problem);
  }
}
