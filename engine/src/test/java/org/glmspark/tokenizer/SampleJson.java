package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/// The vocabulary of a tokenizer as `tokenizer.json` and GGUF write it.
final class SampleJson {
  static final String REGULAR_EXPRESSION =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final JsonMapper JSON = new JsonMapper();

  private SampleJson() {}

  /// The tokens with bytes, by their ids, a character for each byte.
  static List<String> texts(Vocabulary vocabulary) {
    var texts = new ArrayList<String>();
    for (int id = 0; id < vocabulary.tokensWithBytes(); id++) {
      texts.add(characters(vocabulary.bytes(id)));
    }
    return texts;
  }

  /// By the ranges of GPT-2's table.
  static String characters(byte[] bytes) {
    var text = new StringBuilder();
    for (byte signed : bytes) {
      int b = signed & 0xFF;
      if (b <= 32) {
        text.append((char) (256 + b));
      } else if (b >= 127 && b <= 160) {
        text.append((char) (256 + 33 + b - 127));
      } else if (b == 173) {
        text.append((char) (256 + 33 + 34));
      } else {
        text.append((char) b);
      }
    }
    return text.toString();
  }

  /// A file as the makers publish it, with merges and a post-processor that nobody needs.
  static String file(Vocabulary vocabulary) {
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putNull("truncation");
    var added = root.putArray("added_tokens");
    vocabulary
        .specialTokens()
        .forEach((text, id) ->
            added.addObject().put("id", id).put("content", text).put("special", true));
    root.putNull("normalizer");
    var steps = root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    ObjectNode split = steps.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", REGULAR_EXPRESSION);
    split.put("behavior", "Isolated").put("invert", false);
    steps
        .addObject()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
    root.putObject("post_processor").put("type", "Sequence").putArray("processors");
    root.putObject("decoder").put("type", "ByteLevel");
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout");
    model.putNull("unk_token").put("byte_fallback", false).put("ignore_merges", true);
    ObjectNode vocab = model.putObject("vocab");
    List<String> texts = texts(vocabulary);
    for (int id = 0; id < texts.size(); id++) {
      vocab.put(texts.get(id), id);
    }
    model.putArray("merges").add("a b").addArray().add("c").add("d");
    return root.toString();
  }

  static BytePairTokenizer parse(String json) {
    return BytePairTokenizer.parseJson("tokenizer.json", json.getBytes(UTF_8));
  }
}
