package org.glmspark.job.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class MarkupTest {
  @Test
  void textAndAttributesCannotBecomeElements() {
    String document =
        new Markup().element("td", "<script>'a' & b</script>", "title", "\"><b>").document();

    assertThat(document)
        .isEqualTo(
            "<!DOCTYPE html>\n<td title=\"&quot;&gt;&lt;b&gt;\">"
                + "&lt;script&gt;&#39;a&#39; &amp; b&lt;/script&gt;</td>");
  }

  @Test
  void whatIsNoTextIsReplaced() {
    assertThat(Markup.escaped("a\0b\u001b[2Kc\ud800d\uffffe\t\n")).isEqualTo("a�b�[2Kc�d�e\t\n");
    assertThat(Markup.escaped("温度 😀")).isEqualTo("温度 😀");
  }

  @Test
  void elementsMustEnd() {
    Markup markup = new Markup().open("main");

    assertThatIllegalStateException().isThrownBy(markup::document).withMessageContaining("main");
  }
}
