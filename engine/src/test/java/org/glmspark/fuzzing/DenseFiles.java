package org.glmspark.fuzzing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.glmspark.format.FormatParsers;
import org.glmspark.format.GgufBytes;
import org.glmspark.format.Safetensors;
import org.glmspark.tokenizer.TokenizerParsers;

/// Files that ask for as much memory as their bytes can: millions of entries of the fewest bytes
/// that are entries still. Fuzzers keep their files small and so never come upon these.
final class DenseFiles {
  private static final int BYTES = 2 << 20;
  private static final int MOST_ENTRIES = 100_000;
  private static final int LONG_TOKEN = 1000;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int TEXT_TYPE = 1;

  private DenseFiles() {}

  /// Files by what they are made of.
  static Map<String, byte[]> of(FuzzTarget target) {
    return switch (target) {
      case SAFETENSORS -> safetensors();
      case TORCH -> Map.of("entries", FormatParsers.manyEntries(60_000));
      case PICKLE -> FormatParsers.densePickles(BYTES);
      case GGUF -> gguf();
      case CONFIG, TOKENIZER_CONFIG -> json();
      case PACK -> packs();
      case RANK_FILE -> rankFiles();
      case SENTENCE_PIECE -> TokenizerParsers.densePieces(BYTES);
      case TOKENIZER_JSON -> tokenizerJson();
    };
  }

  private static Map<String, byte[]> safetensors() {
    String tensor = "\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[0,0]}";
    String zeros = "0,".repeat(63) + "0";
    return Map.of(
        "tensors", header(i -> '"' + name(i) + tensor.formatted("0")),
        "dimensions", header(i -> '"' + name(i) + tensor.formatted(zeros)),
        "metadata", safetensors("{\"__metadata__\":" + object(names("\"\"")) + "}"));
  }

  private static byte[] header(IntFunction<String> entries) {
    return safetensors(object(entries));
  }

  private static byte[] safetensors(String header) {
    return Safetensors.bytes(header, new byte[0]);
  }

  private static Map<String, byte[]> json() {
    var files = new LinkedHashMap<String, byte[]>();
    files.put("empty objects", bytes("{\"a\":[" + "{},".repeat(BYTES / 3) + "0]}"));
    files.put(
        "sparse objects", bytes("{\"a\":[" + ("{}," + " ".repeat(21)).repeat(BYTES / 24) + "0]}"));
    files.put("sparse keys", bytes(object(i -> " ".repeat(15) + '"' + name(i) + "\":\"\"")));
    files.put("numbers", bytes("{\"a\":[" + "300,        ".repeat(BYTES / 12) + "0]}"));
    files.put("text", bytes("{\"model_type\":\"" + "x".repeat(BYTES) + "中\"}"));
    files.put(
        "tokens",
        bytes(
            "{\"added_tokens_decoder\":"
                + object(i -> "\"%d\":{ \"content\": \"%s\"        }".formatted(300 + i, name(i)))
                + "}"));
    return files;
  }

  private static Map<String, byte[]> packs() {
    String digest = "0".repeat(64);
    return Map.of(
        "empty parts",
        FormatParsers.packHeader("{\"parts\":[" + "{},".repeat(BYTES / 3) + "{}]}"),
        "parts",
        FormatParsers.packHeader(
            "{\"packer\":\"\",\"source_digest\":\"%s\",\"digest\":\"%s\",\"parts\":[%s]}"
                .formatted(digest, digest, list(i -> part(i, digest)))));
  }

  private static String part(int i, String digest) {
    return "{\"name\":\"%s\",\"layout\":\"rows\",\"type\":\"F32\",\"shape\":[1],\"sha256\":\"%s\"}"
        .formatted(name(i), digest);
  }

  private static Map<String, byte[]> tokenizerJson() {
    var files = new LinkedHashMap<>(json());
    files.put("keys", bytes(object(names("1"))));
    files.put(
        "added tokens",
        bytes(
            "{\"added_tokens\":["
                + list(i -> "{\"id\":%d,\"content\":\"%s\"}".formatted(i, name(i)))
                + "]}"));
    files.put("steps", bytes("{\"pre_tokenizer\":[" + "{},".repeat(BYTES / 3) + "0]}"));
    files.put("vocabulary", TokenizerParsers.json(tokens(BYTES / 13)));
    files.put("long tokens", TokenizerParsers.json(longTokens()));
    return files;
  }

  private static Map<String, byte[]> rankFiles() {
    return Map.of(
        "tokens", rankFile(tokens(BYTES / 13)),
        "long tokens", rankFile(longTokens()),
        "short lines", bytes("a\n".repeat(BYTES / 2)),
        "wrong lines", bytes("YQ== x\n".repeat(BYTES / 7)));
  }

  private static byte[] rankFile(byte[]... tokens) {
    var file = new ByteArrayOutputStream();
    for (int rank = 0; rank < tokens.length; rank++) {
      String token = Base64.getEncoder().encodeToString(tokens[rank]);
      file.writeBytes(bytes(token + ' ' + rank + '\n'));
    }
    return file.toByteArray();
  }

  private static Map<String, byte[]> gguf() {
    var keys = new GgufBytes();
    IntStream.range(0, 10_000).forEach(i -> keys.uint8(name(i), 0));
    var tensors = new GgufBytes().alignment(8).uint32("general.alignment", 8);
    IntStream.range(0, 50_000).forEach(i -> tensors.tensor(name(i), 0, new byte[4], 1));
    int strings = BYTES / Long.BYTES;
    return Map.of(
        "keys", keys.bytes(),
        "tensors", tensors.bytes(),
        "strings", new GgufBytes().array("s", STRING, strings, new byte[BYTES]).bytes(),
        "booleans", new GgufBytes().array("b", BOOL, BYTES, new byte[BYTES]).bytes(),
        "vocabulary", vocabulary("gpt2", i -> TokenizerParsers.characters(token(i))),
        "pieces", vocabulary("llama", DenseFiles::piece));
  }

  /// The metadata of a model, too, so that its tokenizer is read.
  private static byte[] vocabulary(String model, IntFunction<String> tokens) {
    int count = BYTES / 16;
    int[] types = new int[count];
    var texts = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      types[i] = model.equals("llama") && i < 256 ? 6 : TEXT_TYPE;
      texts.writeBytes(GgufBytes.string(tokens.apply(i)));
    }
    return new GgufBytes()
        .text("tokenizer.ggml.model", model)
        .text("tokenizer.ggml.pre", model.equals("llama") ? "chatglm-spm" : "glm4")
        .array("tokenizer.ggml.tokens", STRING, count, texts.toByteArray())
        .int32s("tokenizer.ggml.token_type", types)
        .bytes();
  }

  private static String piece(int id) {
    int character = 0x100 + id;
    return id < 256
        ? "<0x%02X>".formatted(id)
        : Character.toString(character < Character.MIN_SURROGATE ? character : character + 0x800);
  }

  /// The shortest tokens, all of one byte, then all of two, then of three.
  private static byte[][] tokens(int count) {
    return IntStream.range(0, count).mapToObj(DenseFiles::token).toArray(byte[][]::new);
  }

  /// After those of one byte tokens that have nothing in common: each of their bytes is a node of a
  /// trie.
  private static byte[][] longTokens() {
    byte[][] tokens = tokens(256 + BYTES / LONG_TOKEN);
    var random = new Random(1);
    for (int i = 256; i < tokens.length; i++) {
      tokens[i] = new byte[LONG_TOKEN];
      random.nextBytes(tokens[i]);
    }
    return tokens;
  }

  private static byte[] token(int i) {
    if (i < 256) {
      return new byte[] {(byte) i};
    }
    int rest = i - 256;
    return rest < 65_536
        ? new byte[] {(byte) (rest >> 8), (byte) rest}
        : new byte[] {(byte) (rest >> 16), (byte) (rest >> 8), (byte) rest};
  }

  private static IntFunction<String> names(String value) {
    return i -> '"' + name(i) + "\":" + value;
  }

  private static String object(IntFunction<String> members) {
    return "{" + list(members) + "}";
  }

  /// As many as fit, at most as many as the formats allow tensors.
  private static String list(IntFunction<String> elements) {
    var text = new StringBuilder(elements.apply(0));
    for (int i = 1; i < MOST_ENTRIES && text.length() < BYTES; i++) {
      text.append(',').append(elements.apply(i));
    }
    return text.toString();
  }

  /// A short name for each number.
  private static String name(int i) {
    return Integer.toString(i, Character.MAX_RADIX);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }
}
