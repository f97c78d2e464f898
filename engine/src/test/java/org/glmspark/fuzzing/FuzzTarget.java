package org.glmspark.fuzzing;

import java.util.Locale;
import org.glmspark.format.Allocation;
import org.glmspark.format.FormatParsers;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.ModelParsers;
import org.glmspark.tokenizer.TokenizerParsers;

/// The parsers that read files of strangers. Each reads a file or refuses it with a
/// [MalformedModelException], and allocates no more than the file justifies.
public enum FuzzTarget {
  SAFETENSORS,
  TORCH,
  PICKLE,
  GGUF,
  PACK,
  CONFIG,
  RANK_FILE,
  SENTENCE_PIECE,
  TOKENIZER_JSON,
  TOKENIZER_CONFIG;

  /// Heap for each byte of a file, all that is dropped again included. The data itself stays
  /// mapped: this is for its names, and a name of one letter becomes a string, a tensor, a segment
  /// and an entry of a map.
  private static final int MOST_BYTES_PER_BYTE = 10;

  /// Heap for each token of a vocabulary besides: it stands in the tables of an encoder, where it
  /// takes up to 200 bytes however short it is, and is read through some short-lived objects.
  private static final int MOST_BYTES_PER_TOKEN = 320;

  /// What the shortest token takes in the tersest of the files.
  private static final int LEAST_TOKEN_BYTES = 7;

  private static final int MOST_TOKENS = 1 << 18;

  /// For what does not depend on the file, as buffers of readers, tables of bytes and messages, and
  /// for what the fuzzer itself allocates as it watches the parser compare.
  private static final int SPARE_BYTES = 1 << 22;

  private static final int INSTRUMENTATION = 8;
  private static final int MOST_REPETITIONS = 5;

  /// The name of its folder of inputs.
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /// Parses content that may be anything.
  ///
  /// @throws AssertionError if that takes too much memory
  public void run(byte[] content) {
    run(content, 1);
  }

  /// The same where the parsers carry the fuzzer's instrumentation, which allocates, too.
  public void runInstrumented(byte[] content) {
    run(content, INSTRUMENTATION);
  }

  private void run(byte[] content, int times) {
    long most = times * mostBytes(content.length);
    long bytes = allocatedBytes(content);
    for (int again = 1; bytes > most && again <= MOST_REPETITIONS; again++) {
      bytes = allocatedBytes(content); // the first times load classes, and instrument them
    }
    if (bytes > most) {
      throw new AssertionError(
          "%s allocates %d bytes for a file of %d".formatted(label(), bytes, content.length));
    }
  }

  private long mostBytes(int fileBytes) {
    long most = SPARE_BYTES + (long) MOST_BYTES_PER_BYTE * fileBytes;
    return switch (this) {
      case SAFETENSORS, TORCH, PICKLE, CONFIG, PACK, TOKENIZER_CONFIG -> most;
      case GGUF, RANK_FILE, SENTENCE_PIECE, TOKENIZER_JSON ->
          most + MOST_BYTES_PER_TOKEN * (long) Math.min(MOST_TOKENS, fileBytes / LEAST_TOKEN_BYTES);
    };
  }

  private long allocatedBytes(byte[] content) {
    return Allocation.bytes(() -> {
      try {
        parse(content);
      } catch (MalformedModelException _) {
        // refused as it should be
      }
    });
  }

  private void parse(byte[] content) {
    switch (this) {
      case SAFETENSORS -> FormatParsers.safetensors(content);
      case TORCH -> FormatParsers.torch(content);
      case PICKLE -> FormatParsers.pickle(content);
      case GGUF -> ModelParsers.gguf(content);
      case PACK -> ModelParsers.pack(content);
      case CONFIG -> ModelParsers.config(content);
      case RANK_FILE -> TokenizerParsers.rankFile(content);
      case SENTENCE_PIECE -> TokenizerParsers.sentencePiece(content);
      case TOKENIZER_JSON -> TokenizerParsers.tokenizerJson(content);
      case TOKENIZER_CONFIG -> TokenizerParsers.tokenizerConfig(content);
    }
  }
}
