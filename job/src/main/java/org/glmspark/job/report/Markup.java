package org.glmspark.job.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Pattern;

/// HTML and SVG, written from the first element to the last. All text and attributes are escaped,
/// so that nothing in the data can become an element.
final class Markup {
  /// What HTML does not allow in a document, escaped or not.
  private static final Pattern NOT_TEXT =
      Pattern.compile(
          "[\\p{Cc}&&[^\\t\\n\\r]]|[\\ud800-\\udfff]|[\\ufdd0-\\ufdef]|[\\ufffe\\uffff]");

  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /// Begins an element.
  ///
  /// @param attributes name, value, name, value, ...
  Markup open(String element, String... attributes) {
    tag(element, attributes);
    out.append('>');
    open.push(element);
    return this;
  }

  /// Ends the element that was begun last.
  Markup close() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /// An element that holds nothing but a text.
  ///
  /// @param attributes as for [#open]
  Markup element(String element, String text, String... attributes) {
    return open(element, attributes).text(text).close();
  }

  /// An element that holds nothing.
  ///
  /// @param attributes as for [#open]
  Markup empty(String element, String... attributes) {
    tag(element, attributes);
    out.append("/>");
    return this;
  }

  Markup text(String text) {
    out.append(escaped(text));
    return this;
  }

  /// A style sheet of ours.
  Markup style(String css) {
    out.append("<style>").append(css).append("</style>");
    return this;
  }

  private void tag(String element, String... attributes) {
    if (attributes.length % 2 != 0) {
      throw new IllegalArgumentException(
          "<%s>: %d names and values of attributes, expected pairs"
              .formatted(element, attributes.length));
    }
    out.append('<').append(element);
    for (int i = 0; i < attributes.length; i += 2) {
      out.append(' ').append(attributes[i]);
      out.append("=\"").append(escaped(attributes[i + 1])).append('"');
    }
  }

  /// The text with its letters alone: markup is escaped, and what is no text becomes U+FFFD.
  static String escaped(String text) {
    return NOT_TEXT
        .matcher(text)
        .replaceAll("\ufffd")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /// A line break, which makes the page readable as text.
  Markup line() {
    out.append('\n');
    return this;
  }

  /// The document.
  ///
  /// @throws IllegalStateException if an element was not ended
  String document() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("elements without an end: " + open);
    }
    return "<!DOCTYPE html>\n" + out;
  }
}
