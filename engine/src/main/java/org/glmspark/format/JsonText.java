package org.glmspark.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Reads JSON of a model file value by value, so that it takes no more memory than what the reader
/// keeps of it. The text is UTF-8 and nothing else, and no deeper than 64 levels.
public final class JsonText {
  private static final int MAX_DEPTH = 64;

  /// What is made of a text.
  @FunctionalInterface
  public interface Reading<T> {
    /// @param parser before the first value
    T read(JsonParser parser) throws IOException;
  }

  private JsonText() {}

  /// Parsers that stop at absurd depth, and leave no names of a hostile file in memory.
  ///
  /// Each file is read by a factory of its own: the table in which it keeps the names that it has
  /// seen goes with it.
  public static JsonFactoryBuilder parsers() {
    return new JsonFactoryBuilder()
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .streamReadConstraints(limits().build());
  }

  /// The limits of [#parsers], to which others can be added.
  static StreamReadConstraints.Builder limits() {
    return StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH);
  }

  /// Reads a text.
  ///
  /// @param file the file's name, for messages
  /// @param place where in the file it stands, for messages; empty if it is all of it
  /// @param parsers see [#parsers()]
  /// @throws MalformedModelException if it is no JSON, or not in UTF-8
  public static <T> T read(
      String file, String place, byte[] utf8, JsonFactoryBuilder parsers, Reading<T> reading) {
    // a reader of our own: the parser would guess UTF-16 and UTF-32 too, and repair wrong UTF-8
    try (Reader text =
            new InputStreamReader(
                new ByteArrayInputStream(utf8), StandardCharsets.UTF_8.newDecoder());
        JsonParser parser = parsers.build().createParser(text)) {
      return reading.read(parser);
    } catch (CharacterCodingException e) {
      throw new MalformedModelException(file, place.isEmpty() ? "text" : place, "is not UTF-8", e);
    } catch (JsonProcessingException e) {
      String position = position(e);
      throw new MalformedModelException(
          file, place.isEmpty() ? position : place + ", " + position, e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new MalformedModelException(file, place.isEmpty() ? "text" : place, "is no text", e);
    }
  }

  private static String position(JsonProcessingException e) {
    JsonLocation location = e.getLocation();
    return location == null
        ? "JSON"
        : String.format(
            Locale.ROOT, "line %d, column %d", location.getLineNr(), location.getColumnNr());
  }
}
