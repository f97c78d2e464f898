package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;

/// Turns tokens into text as they come. A token may end within a character; those bytes are held
/// back until the character is complete or can no longer become one.
///
/// The texts it returns, joined, are exactly what [Tokenizer#decode] makes of all tokens.
/// Belongs to one sequence and one thread.
public final class StreamingDecoder {
  private final Vocabulary vocabulary;
  private final CharsetDecoder decoder =
      UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /// The beginning of a character, at most three bytes; ready to be read.
  private ByteBuffer heldBack = ByteBuffer.allocate(0);

  public StreamingDecoder(Tokenizer tokenizer) {
    vocabulary = tokenizer.vocabulary();
  }

  /// The text that this token completes, which may be empty.
  ///
  /// @throws IllegalArgumentException if the id is negative
  public String next(int token) {
    byte[] bytes = vocabulary.sharedBytes(token);
    ByteBuffer input = ByteBuffer.allocate(heldBack.remaining() + bytes.length);
    heldBack = input.put(heldBack).put(bytes).flip();
    CharBuffer text = CharBuffer.allocate(heldBack.remaining()); // no byte makes two chars
    requireUnderflow(decoder.decode(heldBack, text, false));
    return text.flip().toString();
  }

  /// The end of the text: U+FFFD if the last character is incomplete, otherwise nothing. The
  /// decoder is then ready for another sequence.
  public String finish() {
    CharBuffer text = CharBuffer.allocate(heldBack.remaining());
    requireUnderflow(decoder.decode(heldBack, text, true));
    requireUnderflow(decoder.flush(text));
    decoder.reset();
    heldBack = ByteBuffer.allocate(0);
    return text.flip().toString();
  }

  private static void requireUnderflow(CoderResult result) {
    if (!result.isUnderflow()) {
      throw new IllegalStateException("decoding UTF-8 ended with " + result);
    }
  }
}
