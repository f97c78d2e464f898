package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonObjectTest {
  @TempDir Path folder;

  @Test
  void refusesAbsurdDepthAndSize() throws IOException {
    assertRefused("{\"a\":" + "[".repeat(10_000), "Document nesting depth (65)");
    assertRefused("[".repeat(10_000), "Document nesting depth (65)");

    Path large = folder.resolve("config.json");
    try (var file = new RandomAccessFile(large.toFile(), "rw")) {
      file.setLength((16 << 20) + 1);
    }
    assertThatThrownBy(() -> JsonObject.read(large))
        .isInstanceOf(MalformedModelException.class)
        .hasMessage("config.json: size: 16777217 bytes, expected at most 16777216");
  }

  @Test
  void refusesMoreValuesThanAFileOfItsSizeHas() {
    String emptyObjects = "{\"a\":[" + "{},".repeat(1_000_000) + "{}]}";
    long bytes = Allocation.bytes(() -> assertRefused(emptyObjects, "Token count (260"));

    assertThat(bytes).isLessThan(10L * emptyObjects.length());
  }

  @Test
  void readsLongListsOfShortNames() {
    var members = new StringBuilder("{\"map\":{\"layer.0\":\"a-1.bin\"");
    for (int i = 1; i < 100_000; i++) {
      members.append(",\"layer.").append(i).append("\":\"a-1.bin\"");
    }
    byte[] bytes = members.append("}}").toString().getBytes(StandardCharsets.UTF_8);

    assertThat(JsonObject.parse("index.json", bytes).texts("map")).hasSize(100_000);
  }

  private static void assertRefused(String json, String message) {
    assertThatThrownBy(() -> JsonObject.parse("config.json", json.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("config.json: ")
        .hasMessageContaining(message);
  }
}
