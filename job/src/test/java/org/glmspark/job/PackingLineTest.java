package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PackingLineTest {
  private static final Path TARGET = Path.of("glm.glmpack");

  private final StringWriter out = new StringWriter();

  private void pack(boolean interactive) {
    var line = new PackingLine(new Terminal(interactive, 100), new PrintWriter(out, true));
    line.packed(TARGET, 0, 5_300_000_000L);
    line.packed(TARGET, 1_325_000_000, 5_300_000_000L);
    line.packed(TARGET, 5_300_000_000L, 5_300_000_000L);
  }

  @Test
  void aBarShowsHowFarItIs() {
    assertThat(PackingLine.bar("packing", 0, 4, Duration.ZERO))
        .isEqualTo("packing the model [------------------------]   0 %");
    assertThat(PackingLine.bar("copying", 1, 4, Duration.ofSeconds(4)))
        .isEqualTo("copying the model [######------------------]  25 %, 12 s left");
  }

  @Test
  void nobodyWatchingGetsOneLine() {
    pack(false);

    assertThat(out.toString())
        .hasLineCount(1)
        .startsWith("packed the model: glm.glmpack, 5,300 MB, ");
  }

  @Test
  void theBarGivesWayToTheLine() {
    pack(true);

    assertThat(out.toString()).contains("packing the model [").contains("\r\u001b[Kpacked");
  }
}
