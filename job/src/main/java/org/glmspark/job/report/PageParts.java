package org.glmspark.job.report;

/// What the sections of a page are made of: their heads, captions, tables and legends.
final class PageParts {
  private final Markup markup;

  /// @param markup of the page, written by its sections too
  PageParts(Markup markup) {
    this.markup = markup;
  }

  /// Begins a section of the page; who fills it closes it.
  void section(String title) {
    markup.open("section").element("h2", title).line();
  }

  /// What a figure shows: its name, and a note in a quieter colour.
  void caption(String title, String note) {
    markup.open("figcaption").element("strong", title).text(" ");
    markup.element("span", note, "class", "muted").close();
  }

  /// Says why there is nothing to see.
  void nothing(String sentence) {
    markup.element("p", sentence, "class", "muted");
  }

  /// Begins a table; its rows come next, then [#endTable].
  ///
  /// @param style its class in the style sheet
  /// @param names heads of its columns; `#` before a name is for columns of numbers
  void table(String style, String... names) {
    markup.open("table", "class", style).open("thead").open("tr");
    for (String name : names) {
      if (name.startsWith("#")) {
        markup.element("th", name.substring(1), "scope", "col", "class", "number");
      } else {
        markup.element("th", name, "scope", "col");
      }
    }
    markup.close().close().open("tbody");
  }

  void endTable() {
    markup.close().close();
  }

  /// A cell with words of the data, which may be written from right to left.
  void data(String text) {
    markup.element("td", text, "dir", "auto");
  }

  /// As [#data(String)].
  ///
  /// @param style the cell's class in the style sheet
  void data(String text, String style) {
    markup.element("td", text, "dir", "auto", "class", style);
  }

  /// A cell of a column of numbers.
  void number(String number) {
    markup.element("td", number, "class", "number");
  }

  /// An entry of a list of class `legend`: what a colour stands for.
  ///
  /// @param color the class that gives it
  /// @param notes more about it, in a quieter colour
  void legendEntry(String color, String name, String... notes) {
    markup.open("li");
    swatch(color);
    markup.element("span", name);
    for (String note : notes) {
      markup.element("span", note, "class", "muted");
    }
    markup.close();
  }

  private void swatch(String color) {
    markup
        .open("svg", "viewBox", "0 0 10 10", "class", "swatch", "aria-hidden", "true")
        .empty("rect", "width", "10", "height", "10", "rx", "2", "class", color)
        .close();
  }
}
