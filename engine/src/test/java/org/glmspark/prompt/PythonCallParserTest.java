package org.glmspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.glmspark.tokenizer.SampleTokenizer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PythonCallParserTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /// The named arguments as JSON, or null if the text is no call.
  private static @Nullable String arguments(String text) {
    PythonCall call = PythonCallParser.parse(text);
    return call == null || !call.positional().isEmpty() ? null : PythonJson.oneLine(call.named());
  }

  /// The expectations come from Python's own parser; what it reads but is no literal has none.
  @Test
  void readsAndWritesCallsAsPythonDoes() throws IOException {
    int calls = 0;
    for (JsonNode row : SampleTokenizer.jsonLines(Conversations.resource("python-calls.jsonl"))) {
      String text = row.required("call").asText();
      PythonCall call = PythonCallParser.parse(text);
      if (row.has("arguments")) {
        assertThat(arguments(text)).as(text).isEqualTo(row.required("arguments").asText());
        assertThat(call).isNotNull();
        assertThat(PythonCall.text(call.function(), call.named()))
            .as(text)
            .isEqualTo(row.required("written").asText());
        calls++;
      } else {
        assertThat(call).as(text).isNull();
      }
    }
    assertThat(calls).isEqualTo(22);
  }

  @Test
  void readsNamesThatPythonKeepsForItself() {
    assertThat(arguments("f(from='a', class=1, True=2)"))
        .isEqualTo("{\"from\": \"a\", \"class\": 1, \"True\": 2}");
  }

  @Test
  void readsNothingButOneCall() {
    assertThat(arguments("(tool_call(a=1))")).isNull();
    assertThat(arguments("f(a='x' 'y')")).isNull();
    assertThat(arguments("f(a='\\N{DASH}')")).isNull();
    assertThat(arguments("f(a=1e400)")).isNull();
    assertThat(arguments("f(a=1 # one\n)")).isNull();
  }

  @Test
  void endsOnWhateverAModelRepeatsForever() {
    for (String opening :
        List.of("[", "(", "{'a': ", "{'a': [(", "-", "1", "'\\", "'''", "a", "**")) {
      assertThat(arguments("f(a=" + opening.repeat(100_000))).as(opening).isNull();
    }
    assertThat(arguments("f(a=" + "[".repeat(63) + "1" + "]".repeat(63) + ")")).isNotNull();
    assertThat(arguments("f(a=" + "[".repeat(64) + "1" + "]".repeat(64) + ")")).isNull();
    assertThat(arguments("f(a=" + "9".repeat(500) + ")"))
        .isEqualTo("{\"a\": " + "9".repeat(500) + "}");
    assertThat(arguments("f(a=" + "9".repeat(501) + ")")).isNull();
  }

  @Test
  void readsWhatItWrites() {
    var random = new Random(5);
    for (int i = 0; i < 2000; i++) {
      ObjectNode arguments = object(random, 0);

      String call = PythonCall.text("f", arguments);

      assertThat(arguments(call)).as(call).isEqualTo(PythonJson.oneLine(arguments));
    }
  }

  private static ObjectNode object(Random random, int depth) {
    ObjectNode object = NODES.objectNode();
    for (int i = random.nextInt(4); i > 0; i--) {
      object.set(text(random), value(random, depth));
    }
    return object;
  }

  private static JsonNode value(Random random, int depth) {
    return switch (random.nextInt(depth < 4 ? 8 : 6)) {
      case 0 -> NODES.numberNode(random.nextLong());
      case 1 -> NODES.numberNode(random.nextGaussian() * Math.pow(10, random.nextInt(-30, 30)));
      case 2 -> NODES.booleanNode(random.nextBoolean());
      case 3 -> NODES.nullNode();
      case 4, 5 -> NODES.textNode(text(random));
      case 6 -> object(random, depth + 1);
      default -> {
        var array = NODES.arrayNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          array.add(value(random, depth + 1));
        }
        yield array;
      }
    };
  }

  /// Any characters but surrogates, and often those that need an escape.
  private static String text(Random random) {
    var text = new StringBuilder();
    for (int i = random.nextInt(6); i > 0; i--) {
      switch (random.nextInt(4)) {
        case 0 -> text.append("\\'\"\n\r\t\0 {}[]=,".charAt(random.nextInt(14)));
        case 1 -> text.append((char) random.nextInt(0xD800));
        case 2 -> text.appendCodePoint(random.nextInt(0x10000, 0x110000));
        default -> text.append((char) random.nextInt('a', 'z'));
      }
    }
    return text.toString();
  }
}
