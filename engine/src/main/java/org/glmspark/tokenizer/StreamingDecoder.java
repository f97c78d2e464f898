package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;

/// Turns tokens into text as they come. A token may end within a character; those bytes are held
/// back until the character is complete or can no longer become one.
///
/// The texts it returns, joined, are exactly what [Tokenizer#decode] makes of all tokens. Belongs
/// to one sequence and one thread.
public final class StreamingDecoder {
  private static final String REPLACEMENT = "\ufffd";

  private final Vocabulary vocabulary;
  private final DecodingRule rule;
  private final CharsetDecoder decoder = UTF_8.newDecoder(); // which reports what is malformed

  /// The beginning of a character, at most three bytes; ready to be read.
  private ByteBuffer heldBack = ByteBuffer.allocate(0);

  /// Whether no token of the text had bytes so far.
  private boolean atBeginning = true;

  public StreamingDecoder(Tokenizer tokenizer) {
    vocabulary = tokenizer.vocabulary();
    rule = vocabulary.decodingRule();
  }

  /// The text that this token completes, which may be empty.
  ///
  /// @throws IllegalArgumentException if the id is negative
  public String next(int token) {
    byte[] bytes = vocabulary.sharedBytes(token);
    if (bytes.length == 0) {
      return "";
    }
    int from = atBeginning && rule.blankLed().get(token) ? 1 : 0;
    atBeginning = false;
    ByteBuffer input = ByteBuffer.allocate(heldBack.remaining() + bytes.length - from);
    heldBack = input.put(heldBack).put(bytes, from, bytes.length - from).flip();
    CharBuffer text = CharBuffer.allocate(heldBack.remaining()); // no byte makes two chars
    decode(text, false);
    return text.flip().toString();
  }

  /// The end of the text: U+FFFD if the last character is incomplete, otherwise nothing. The
  /// decoder is then ready for another sequence.
  public String finish() {
    CharBuffer text = CharBuffer.allocate(heldBack.remaining());
    decode(text, true);
    decoder.reset();
    heldBack = ByteBuffer.allocate(0);
    atBeginning = true;
    return text.flip().toString();
  }

  private void decode(CharBuffer text, boolean endOfInput) {
    CoderResult result = decoder.decode(heldBack, text, endOfInput);
    while (result.isMalformed()) {
      int bytes = result.length();
      heldBack.position(heldBack.position() + bytes);
      text.put(
          REPLACEMENT.repeat(
              switch (rule.illFormed()) {
                case PART -> 1;
                case BYTE -> bytes; // those after the first go on a character and begin none
              }));
      result = decoder.decode(heldBack, text, endOfInput);
    }
    if (!result.isUnderflow()) {
      throw new IllegalStateException("decoding UTF-8 ended with " + result);
    }
  }
}
