package org.glmspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonJsonTest {
  @Test
  void writesContainersAsPythonDoes() {
    var node =
        PythonJson.readObject(
            "{\"b\":[1,[],{}],\"a\":{\"x\":null,\"y\":[true,false]},\"\":\"\",\"b\":[2,[3]]}");

    assertThat(PythonJson.oneLine(node))
        .isEqualTo("{\"b\": [2, [3]], \"a\": {\"x\": null, \"y\": [true, false]}, \"\": \"\"}");
    assertThat(PythonJson.indented(node))
        .isEqualTo(
            """
            {
                "b": [
                    2,
                    [
                        3
                    ]
                ],
                "a": {
                    "x": null,
                    "y": [
                        true,
                        false
                    ]
                },
                "": ""
            }\
            """);
    assertThat(PythonJson.indented(PythonJson.readObject("{}"))).isEqualTo("{}");
  }

  @Test
  void escapesWhatPythonEscapes() {
    var node =
        PythonJson.readObject(
            "{\"\\u0000\\\"\\\\\\/\":\"\\b\\f\\n\\r\\t\\u001f\\u007f\\u2028é北😀\"}");

    assertThat(PythonJson.oneLine(node))
        .isEqualTo("{\"\\u0000\\\"\\\\/\": \"\\b\\f\\n\\r\\t\\u001f\u007f\u2028é北😀\"}");
  }

  /// Each as Python's `repr` writes it.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "7",
        "-1",
        "12345678901234567890123",
        "0.0",
        "-0.0",
        "1.0",
        "-1.0",
        "0.1",
        "100.0",
        "1000000000000000.0",
        "9999999999999998.0",
        "1e+16",
        "1.2345e+16",
        "1e+17",
        "1.2345678901234568e+17",
        "1e+22",
        "1e+23",
        "2e-323",
        "5e-324",
        "1.5e-323",
        "0.0001",
        "0.00012345",
        "1e-05",
        "1.2e-05",
        "1e-07",
        "1.7976931348623157e+308",
        "2.2250738585072014e-308",
        "3.141592653589793",
        "0.3333333333333333",
        "1e+100",
        "-2.5e-10",
        "4.35",
        "9007199254740992.0"
      })
  void keepsNumbersThatPythonWrote(String number) {
    assertThat(written(number)).isEqualTo(number);
  }

  @ParameterizedTest
  @CsvSource({
    "-0, 0",
    "1E5, 100000.0",
    "1.50, 1.5",
    "1e16, 1e+16",
    "1e-5, 1e-05",
    "0.00001, 1e-05",
    "123456789.123456789, 123456789.12345679",
    "1e400, Infinity",
    "1e-400, 0.0"
  })
  void writesNumbersAsPythonDoes(String number, String expected) {
    assertThat(written(number)).isEqualTo(expected);
  }

  private static String written(String number) {
    return PythonJson.oneLine(PythonJson.readObject("{\"n\": %s}".formatted(number)).get("n"));
  }

  @Test
  void refusesWhatIsNoObject() {
    for (String text :
        new String[] {"", "[1]", "null", "{} {}", "{\"a\":", "{'a': 1}", "{\"a\": NaN}"}) {
      assertThatIllegalArgumentException().isThrownBy(() -> PythonJson.readObject(text));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PythonJson.readObject("{\"a\":".repeat(100_000)))
        .withMessageContaining("depth");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ToolCall("f", "[1]"))
        .withMessage("arguments of the tool call 'f': '[1]', expected a JSON object");
    assertThatIllegalArgumentException().isThrownBy(() -> new ToolCall("a\nb", "{}"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ToolDefinition.parse("{\"type\": \"retrieval\"}"))
        .withMessageContaining("'retrieval'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ToolDefinition.parse("{\"function\": {\"description\": \"x\"}}"))
        .withMessageContaining("has no name");
  }
}
