package org.glmspark.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.glmspark.format.Excerpt;
import org.glmspark.format.MalformedModelException;
import org.jspecify.annotations.Nullable;

/// The vocabulary in the metadata of a GGUF file, under keys that begin with `tokenizer.ggml.`:
/// that of GLM-4 (`model` is `gpt2`), or that of ChatGLM (`llama`). The merges are not needed.
///
/// @param file the file's name, for messages
/// @param model `tokenizer.ggml.model`
/// @param pre `tokenizer.ggml.pre`, or null; SentencePiece needs none
/// @param tokens `tokenizer.ggml.tokens`: bytes written as [ByteCharacters], or pieces
/// @param tokenTypes `tokenizer.ggml.token_type`, one for each token
/// @param scores `tokenizer.ggml.scores`, one for each token; without them lower ids are joined
///   first
public record GgufVocabulary(
    String file,
    String model,
    @Nullable String pre,
    List<String> tokens,
    int @Nullable [] tokenTypes,
    float @Nullable [] scores) {
  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String SCORES = "tokenizer.ggml.scores";

  private static final Set<String> GLM4_RULES = Set.of("glm4", "chatglm-bpe");
  private static final String CHATGLM_RULE = "chatglm-spm";

  /// What the pieces are called in the file of the makers.
  private static final Map<String, String> RENAMED = Map.of("<bos>", "<s>", "<eos>", "</s>");

  /// @throws MalformedModelException if a list has another length than that of the tokens, or that
  ///   is absurdly long
  public GgufVocabulary {
    TokenTable.requireCount(file, tokens.size());
    if (tokenTypes != null) {
      requireLength(file, TYPES, tokenTypes.length, tokens);
    }
    if (scores != null) {
      requireLength(file, SCORES, scores.length, tokens);
    }
  }

  private static void requireLength(String file, String key, int length, List<String> tokens) {
    if (length != tokens.size()) {
      throw new MalformedModelException(
          file, key, "has %d, expected %d, one for each token".formatted(length, tokens.size()));
    }
  }

  /// The tokenizer of the vocabulary. ChatGLM's `<bos>` and `<eos>` are called `<s>` and `</s>`, as
  /// in its `tokenizer.model`.
  ///
  /// @throws MalformedModelException if a list contradicts another, a token is there twice or is
  ///   missing, or the vocabulary is to be encoded in another way
  public Tokenizer tokenizer() {
    return switch (model) {
      case "gpt2" -> bytePairs();
      case "llama" -> sentencePieces();
      default ->
          throw malformed(
              "tokenizer.ggml.model",
              "is %s, expected 'gpt2' or 'llama'".formatted(Excerpt.quoted(model)));
    };
  }

  private Tokenizer bytePairs() {
    if (pre == null || !GLM4_RULES.contains(pre)) {
      throw unknownRule("'glm4' or 'chatglm-bpe'");
    }
    List<Piece.Type> types = types();
    int count = 0;
    while (count < types.size() && types.get(count) == Piece.Type.NORMAL) {
      count++;
    }
    var table = new TokenTable(count);
    for (int id = 0; id < count; id++) {
      enter(table, id);
    }
    ByteFallback.requireSingleBytes(file, table);
    return new BytePairTokenizer(file, table, specialTokens(types, count));
  }

  private void enter(TokenTable table, int id) {
    String token = tokens.get(id);
    byte[] bytes = ByteCharacters.decode(token);
    if (bytes == null || bytes.length == 0) {
      throw malformed(
          place(id), "is %s, expected characters for bytes".formatted(Excerpt.quoted(token)));
    }
    int first = table.put(id, bytes);
    if (first != id) {
      throw malformed(
          place(id),
          "is %s again, token %d is; expected another".formatted(Excerpt.quoted(token), first));
    }
  }

  /// Those from `first` that are no padding.
  private Map<String, Integer> specialTokens(List<Piece.Type> types, int first) {
    var ids = new LinkedHashMap<String, Integer>();
    for (int id = first; id < tokens.size(); id++) {
      switch (types.get(id)) {
        case CONTROL, USER_DEFINED, UNKNOWN ->
            SpecialTokens.add(file, place(id), ids, tokens.get(id), id);
        case UNUSED -> {} // padding of the embedding
        case NORMAL, BYTE ->
            throw malformed(
                place(id),
                "has type %s, expected all tokens of type NORMAL before the others"
                    .formatted(types.get(id)));
      }
    }
    SpecialTokens.requireAll(file, TOKENS, ids, TokenizerFamily.GLM4);
    return ids;
  }

  private Tokenizer sentencePieces() {
    if (pre != null && !pre.equals(CHATGLM_RULE)) {
      throw unknownRule("'chatglm-spm'");
    }
    List<Piece.Type> types = types();
    var pieces = new ArrayList<Piece>(tokens.size());
    for (int id = 0; id < tokens.size(); id++) {
      Piece.Type type = types.get(id);
      if (type == Piece.Type.USER_DEFINED) {
        type = Piece.Type.CONTROL; // added by the makers, not found in text
      }
      String text = tokens.get(id);
      if (type == Piece.Type.CONTROL) {
        text = RENAMED.getOrDefault(text, text);
      }
      pieces.add(new Piece(text, scores == null ? -id : scores[id], type));
    }
    SentencePieceTokenizer tokenizer = SentencePieceTokenizer.of(file, pieces, Map.of());
    SpecialTokens.requireAll(
        file, TOKENS, tokenizer.vocabulary().specialTokens(), TokenizerFamily.CHATGLM2);
    return tokenizer;
  }

  private List<Piece.Type> types() {
    if (tokenTypes == null) {
      throw malformed(TYPES, "is missing, expected a type for each token");
    }
    var types = new ArrayList<Piece.Type>(tokenTypes.length);
    for (int id = 0; id < tokenTypes.length; id++) {
      Piece.Type type = Piece.Type.of(tokenTypes[id]);
      if (type == null) {
        throw malformed(TYPES + "[" + id + "]", "is %d, expected 1 to 6".formatted(tokenTypes[id]));
      }
      types.add(type);
    }
    return types;
  }

  private MalformedModelException unknownRule(String expected) {
    return malformed(
        "tokenizer.ggml.pre",
        "is %s with model '%s', expected %s"
            .formatted(pre == null ? "missing" : Excerpt.quoted(pre), model, expected));
  }

  private static String place(int id) {
    return TOKENS + "[" + id + "]";
  }

  private MalformedModelException malformed(String place, String problem) {
    return new MalformedModelException(file, place, problem);
  }
}
