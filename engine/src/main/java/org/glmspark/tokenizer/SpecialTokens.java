package org.glmspark.tokenizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.Excerpt;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;

/// The control tokens beside the ranks of `tokenizer.model`, text to id.
final class SpecialTokens {
  private static final List<String> GLM4 = TokenizerFamily.GLM4.specialTokens();

  /// GLM-4's first ones; models that see no images may lack the others.
  private static final int TEXT_TOKENS = 10;

  private static final String KEY = "added_tokens_decoder";

  private SpecialTokens() {}

  /// GLM-4's special tokens after `ranks` tokens with bytes.
  static Map<String, Integer> following(int ranks) {
    var ids = new LinkedHashMap<String, Integer>();
    for (String text : GLM4) {
      ids.put(text, ranks + ids.size());
    }
    return ids;
  }

  /// Reads `added_tokens_decoder` of a `tokenizer_config.json`; without that key GLM-4's tokens
  /// follow the ranks. Every token named there is special, whatever its `special` flag says: text
  /// never encodes to it.
  ///
  /// @param ranks how many tokens have bytes: the ids below are taken
  /// @throws MalformedModelException naming the key, what was found and what was expected
  static Map<String, Integer> parse(WholeFile file, int ranks) {
    JsonObject config = JsonObject.parse(file.name(), file.bytes());
    if (!config.has(KEY)) {
      return following(ranks);
    }
    JsonObject added = config.object(KEY);
    var ids = new LinkedHashMap<String, Integer>();
    for (String key : added.keys()) {
      int id = id(file, key, ranks);
      String text = added.object(key).text("content");
      if (text.isEmpty()) {
        throw new MalformedModelException(
            file.name(), KEY + "." + id, "no content, expected the token's text");
      }
      add(file.name(), KEY + "." + id, ids, text, id);
    }
    requireAll(file.name(), KEY, ids, TokenizerFamily.GLM4);
    return ids;
  }

  /// Enters a token, whose text must be its own.
  static void add(String file, String place, Map<String, Integer> ids, String text, int id) {
    Integer earlier = ids.putIfAbsent(text, id);
    if (earlier != null) {
      throw new MalformedModelException(
          file,
          place,
          "%s again, id %d has it; expected another text".formatted(Excerpt.quoted(text), earlier));
    }
  }

  /// Requires the tokens of a family that its prompts are made of.
  static void requireAll(
      String file, String place, Map<String, Integer> ids, TokenizerFamily family) {
    List<String> expected = family.specialTokens();
    for (String text : expected.subList(0, Math.min(TEXT_TOKENS, expected.size()))) {
      if (!ids.containsKey(text)) {
        throw new MalformedModelException(
            file, place, "no token has the content '%s', expected one".formatted(text));
      }
    }
  }

  private static int id(WholeFile file, String key, int ranks) {
    // no sign and no leading zero, so that two keys are never one id; nine digits fit an int
    int id = key.matches("0|[1-9][0-9]{0,8}") ? Integer.parseInt(key) : -1;
    if (id < ranks) {
      throw new MalformedModelException(
          file.name(),
          KEY,
          "id %s, expected a number from %d: lower ids have bytes in the vocabulary"
              .formatted(Excerpt.quoted(key), ranks));
    }
    return id;
  }
}
