package org.glmspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class AnswerTest {
  private static final int USER = 2041;
  private static final int ASSISTANT = 2042;
  private static final int OBSERVATION = 2043;

  private static final List<ToolDefinition> WEATHER =
      List.of(ToolDefinition.parse("{\"name\": \"get_weather\"}"));
  private static final List<ToolDefinition> BUILT_IN =
      Stream.of("python", "simple_browser", "cogview")
          .map(type -> ToolDefinition.parse("{\"type\": \"%s\"}".formatted(type)))
          .toList();

  private static final ChatTemplate CHATGLM3 = Conversations.sampleTemplate(ChatFormat.CHATGLM3);
  private static final ChatTemplate GLM4 = Conversations.sampleTemplate(ChatFormat.GLM_4);

  /// Texts, and role tokens between them.
  private static List<Integer> tokens(Object... parts) {
    var tokens = new ArrayList<Integer>();
    for (Object part : parts) {
      switch (part) {
        case String text ->
            IntStream.of(Conversations.tokenizer("sample").encode(text)).forEach(tokens::add);
        case Integer token -> tokens.add(token);
        default -> throw new IllegalArgumentException(part.toString());
      }
    }
    return tokens;
  }

  private static Answer text(String text) {
    return new Answer(text, List.of());
  }

  private static Answer call(String name, String arguments) {
    return new Answer("", List.of(new ToolCall(name, arguments)));
  }

  @ParameterizedTest
  @EnumSource(ChatFormat.class)
  void readsAPlainAnswer(ChatFormat format) {
    ChatTemplate template = Conversations.sampleTemplate(format);
    List<Integer> tokens = tokens("\n 我的训练数据截至[[训练时间]]。\nBye \n", USER);

    assertThat(template.answerText(tokens)).isEqualTo("我的训练数据截至2023年。\nBye");
    assertThat(template.parseAnswer(tokens, List.of())).isEqualTo(text("我的训练数据截至2023年。\nBye"));
    assertThat(template.parseAnswer(List.of(), WEATHER)).isEqualTo(text(""));
  }

  @Test
  void takesAToolByItsNameOrByTheModelThatWaitsForAResult() {
    String written = "get_weather \n{\"city\": \"北京\"}";
    Answer call = call("get_weather", "{\"city\": \"北京\"}");

    assertThat(GLM4.parseAnswer(tokens(written), WEATHER)).isEqualTo(call);
    assertThat(GLM4.parseAnswer(tokens(written, OBSERVATION), WEATHER)).isEqualTo(call);
    assertThat(GLM4.parseAnswer(tokens(written, OBSERVATION), List.of())).isEqualTo(call);
    // somebody may just have been asked for such lines
    assertThat(GLM4.parseAnswer(tokens(written), List.of())).isEqualTo(text(written));
    assertThat(GLM4.parseAnswer(tokens(written, USER), BUILT_IN)).isEqualTo(text(written));
    assertThat(GLM4.answerText(tokens(written, OBSERVATION))).isEqualTo(written);
  }

  @Test
  void readsSeveralTurnsOfOneAnswer() {
    List<Integer> tokens =
        tokens(
            "\nLet me see.",
            ASSISTANT,
            "get_weather\n{\"city\": \"北京\"}",
            ASSISTANT,
            "get_weather\n{\"city\": \"上海\"}",
            OBSERVATION);

    assertThat(GLM4.parseAnswer(tokens, WEATHER))
        .isEqualTo(
            new Answer(
                "Let me see.",
                List.of(
                    new ToolCall("get_weather", "{\"city\": \"北京\"}"),
                    new ToolCall("get_weather", "{\"city\": \"上海\"}"))));
    assertThat(GLM4.answerText(tokens))
        .isEqualTo("Let me see.\nget_weather\n{\"city\": \"北京\"}\nget_weather\n{\"city\": \"上海\"}");
  }

  @Test
  void leavesWhatIsNoCallAsTheTextThatItIs() {
    for (String written :
        List.of(
            "get_weather",
            "get_weather\nis a function.",
            "get_weather\n{\"city\": \"北",
            "get_weather\n[1]",
            "get_weather\n{} {}",
            "get_weather\ntool_call(city='x')")) {
      assertThat(GLM4.parseAnswer(tokens(written, OBSERVATION), WEATHER))
          .as(written)
          .isEqualTo(text(written));
    }
    for (String written :
        List.of(
            "get_weather\n{\"city\": \"x\"}",
            "get_weather\ntool_call(city='x')",
            "get_weather\n```python\ntool_call(city='x')",
            "get_weather\n```python\nget_weather(city='x')\n```",
            "get_weather\n```python\ntool_call('x')\n```",
            "get_weather\n```python\ntool_call(city=open('x'))\n```",
            "get_weather\n```\n```")) {
      assertThat(CHATGLM3.parseAnswer(tokens(written, OBSERVATION), WEATHER))
          .as(written)
          .isEqualTo(text(written));
    }
  }

  @Test
  void readsTheCallsOfChatGlm3() {
    String written =
        "get_weather\n ```python\ntool_call(a='x', n=1, b=[1,2], c={'k': None}, d=True)\n```";

    assertThat(CHATGLM3.parseAnswer(tokens(written), WEATHER))
        .isEqualTo(
            call(
                "get_weather",
                "{\"a\": \"x\", \"n\": 1, \"b\": [1, 2], \"c\": {\"k\": null}, \"d\": true}"));
    assertThat(
            CHATGLM3.parseAnswer(
                tokens("interpreter\n```python\nx = 1\n\nprint(x)\n```"), BUILT_IN))
        .isEqualTo(call("interpreter", "{\"code\": \"x = 1\\n\\nprint(x)\"}"));
  }

  @Test
  void readsTheCallsOfGlm4sBuiltInTools() {
    assertThat(glm4("python\nx = \"1\"\nprint(x)"))
        .isEqualTo(call("python", "{\"code\": \"x = \\\"1\\\"\\nprint(x)\"}"));
    assertThat(glm4("cogview\nA red fox.\nAt night."))
        .isEqualTo(call("cogview", "{\"prompt\": \"A red fox.\\nAt night.\"}"));
    assertThat(glm4("simple_browser\nsearch(\"北京\", recency_days=7)"))
        .isEqualTo(call("simple_browser", "{\"query\": \"北京\", \"recency_days\": 7}"));
    assertThat(glm4("simple_browser\nsearch(query='a', recency_days = 7)"))
        .isEqualTo(call("simple_browser", "{\"query\": \"a\", \"recency_days\": 7}"));
    assertThat(glm4("simple_browser\nmclick([0,1,2])"))
        .isEqualTo(call("simple_browser", "{\"ids\": [0, 1, 2]}"));
    assertThat(glm4("simple_browser\nopen_url(\"https://example.org/?a=b\")"))
        .isEqualTo(call("simple_browser", "{\"url\": \"https://example.org/?a=b\"}"));
    assertThat(glm4("simple_browser\n{\"query\":\"a\"}"))
        .isEqualTo(call("simple_browser", "{\"query\":\"a\"}"));
    for (String written :
        List.of(
            "simple_browser\nsearch()",
            "simple_browser\nsearch(\"a\", 7, 8)",
            "simple_browser\nsearch(\"a\", query=\"b\")",
            "simple_browser\nsearch(\"a\", days=7)",
            "simple_browser\nclose()",
            "python\n ")) {
      assertThat(glm4(written)).as(written).isEqualTo(text(written.strip()));
    }
  }

  private static Answer glm4(String written) {
    return GLM4.parseAnswer(tokens(written), BUILT_IN);
  }

  @Test
  void readsAFunctionThatIsNamedAsABuiltInToolLikeAFunction() {
    List<ToolDefinition> tools = List.of(ToolDefinition.parse("{\"name\": \"python\"}"));

    assertThat(GLM4.parseAnswer(tokens("python\n{\"version\": 3}"), tools))
        .isEqualTo(call("python", "{\"version\": 3}"));
    assertThat(GLM4.parseAnswer(tokens("python\nprint(3)"), tools))
        .isEqualTo(text("python\nprint(3)"));
  }

  static Stream<Arguments> formatsWithTools() {
    return Stream.of(
        Arguments.of(ChatFormat.CHATGLM3, "chatglm3"),
        Arguments.of(ChatFormat.GLM_4, "glm4"),
        Arguments.of(ChatFormat.GLM_4_0414, "glm4"),
        Arguments.of(ChatFormat.CHATGLM3, "sample"),
        Arguments.of(ChatFormat.GLM_4, "sample"),
        Arguments.of(ChatFormat.GLM_4_0414, "sample"));
  }

  /// What the history repeats of a call is what the model writes, so it reads as the same call.
  @ParameterizedTest
  @MethodSource("formatsWithTools")
  void readsTheCallsThatAHistoryRepeats(ChatFormat format, String tokenizerName) {
    Tokenizer tokenizer = Conversations.tokenizer(tokenizerName);
    ChatTemplate template =
        tokenizerName.equals("sample")
            ? Conversations.sampleTemplate(format)
            : ChatTemplate.of(format, tokenizer);
    int observation = tokenizer.specialToken("<|observation|>");
    for (Answer said : answers(format)) {
      List<ChatMessage> question = List.of(ChatMessage.user("北京?"));
      int[] prompt = template.encode(question);
      int[] history =
          template.encode(
              List.of(question.getFirst(), ChatMessage.assistant(said.text(), said.toolCalls())));

      assertThat(history).startsWith(prompt);
      var written = IntStream.of(history).skip(prompt.length).boxed().toList();
      List<Integer> generated = new ArrayList<>(written.subList(0, written.size() - 1));
      generated.add(observation); // where the history goes on, the model stops
      assertThat(template.parseAnswer(generated, List.of())).isEqualTo(said);
    }
  }

  private static List<Answer> answers(ChatFormat format) {
    String arguments =
        "{\"city\": \"北京 '\\\"\\\\ \\n\", \"to-days\": [1, -2.5, 1e+16, {}], \"x\": null}";
    var call = new ToolCall("get_weather", arguments);
    var answers =
        new ArrayList<>(
            List.of(
                new Answer("", List.of(call)),
                new Answer("我来查询。", List.of(call)),
                new Answer("Text\n\ntext", List.of(call, new ToolCall("get time", "{}")))));
    switch (format) {
      case GLM_4 -> {
        answers.add(call("python", "{\"code\": \"if x:\\n    print('é')\"}"));
        answers.add(call("cogview", "{\"prompt\": \"A red fox.\"}"));
        answers.add(
            call("simple_browser", "{\"query\": \"a \\\"b\\\" \\\\n\", \"recency_days\": 7}"));
        answers.add(call("simple_browser", "{\"query\": \"a\"}"));
        answers.add(call("simple_browser", "{\"ids\": [0, 12]}"));
        answers.add(call("simple_browser", "{\"url\": \"https://example.org/\"}"));
      }
      case CHATGLM3 -> answers.add(call("interpreter", "{\"code\": \"if x:\\n    print('é')\"}"));
      case CHATGLM2, GLM_4_0414 -> {}
    }
    return answers;
  }

  /// Whatever a model writes is an answer, and what looks like a call has arguments that are JSON.
  @ParameterizedTest
  @EnumSource(ChatFormat.class)
  void readsAnythingThatAModelMayWrite(ChatFormat format) {
    ChatTemplate template = Conversations.sampleTemplate(format);
    List<Object> fragments =
        List.of(
            "python",
            "interpreter",
            "simple_browser",
            "get_weather",
            "\n",
            "\r",
            "\n```python\n",
            "\n```",
            "tool_call(",
            "search(",
            "mclick(",
            ")",
            "a=",
            "**{'b': ",
            "}",
            "[",
            "]",
            "(",
            "'",
            "\"",
            "\\",
            "\\u",
            "'x'",
            "0x1f",
            "1",
            "-",
            ".5",
            "e9",
            "None",
            ",",
            "{",
            "\"a\": ",
            ":",
            " ",
            "北",
            ASSISTANT,
            OBSERVATION);
    var random = new Random(17);
    for (int i = 0; i < 20_000; i++) {
      var parts = new ArrayList<Object>();
      for (int length = random.nextInt(14); length > 0; length--) {
        parts.add(fragments.get(random.nextInt(fragments.size())));
      }
      parts.add(OBSERVATION);
      assertThat(template.parseAnswer(tokens(parts.toArray()), WEATHER)).isNotNull();
    }
  }

  @Test
  void leavesArgumentsThatNoJsonReaderTakesAsText() {
    for (String argument :
        List.of(
            "[".repeat(63) + "[]" + "]".repeat(63),
            "{'" + "k".repeat(50_001) + "': 1}",
            "0x" + "f".repeat(499))) {
      String written = "f\n```python\ntool_call(a=%s)\n```".formatted(argument);
      assertThat(CHATGLM3.parseAnswer(tokens(written, OBSERVATION), List.of()))
          .isEqualTo(text(written));
    }
    String longest = "f\n```python\ntool_call(a=-0x%s)\n```".formatted("f".repeat(498));
    assertThat(CHATGLM3.parseAnswer(tokens(longest, OBSERVATION), List.of()).toolCalls())
        .hasSize(1);
  }

  @Test
  void knowsNoCallsOfChatGlm2() {
    ChatTemplate template = Conversations.sampleTemplate(ChatFormat.CHATGLM2);
    List<Integer> tokens = tokens("get_weather\n{}", OBSERVATION);

    assertThat(template.parseAnswer(tokens, WEATHER)).isEqualTo(text("get_weather\n{}"));
  }
}
