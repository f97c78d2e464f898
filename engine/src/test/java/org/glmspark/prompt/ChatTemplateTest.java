package org.glmspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.PublishedTokenizer;
import org.glmspark.tokenizer.SampleTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ChatTemplateTest {
  /// The instruction that the sample model was trained on.
  private static final String SUMMARIZE =
      "\n\nSummarize the text above in at most 50 words. Reply with the summary only.";

  private static final ChatTemplate GLM4 = Conversations.sampleTemplate(ChatFormat.GLM_4);

  @ParameterizedTest(name = "{0}")
  @CsvSource({"chatglm2, 3", "chatglm3, 8", "glm4, 13"})
  void writesEveryGoldenConversation(String family, int conversations) throws IOException {
    Tokenizer tokenizer = Conversations.tokenizer(family);
    int written = 0;
    for (JsonNode row :
        SampleTokenizer.jsonLines(PublishedTokenizer.folder(family).resolve("golden.jsonl"))) {
      if (row.required("kind").asText().equals("chat")) {
        ChatFormat format =
            switch (row.path("template").asText(family)) {
              case "glm-4-9b-chat" -> ChatFormat.GLM_4;
              case String name -> Conversations.format(name);
            };
        assertThat(ChatTemplate.of(format, tokenizer).encode(goldenMessages(row)))
            .as(row.required("text").asText())
            .isEqualTo(SampleTokenizer.ints(row.required("ids")));
        written++;
      }
    }
    assertThat(written).isEqualTo(conversations);
  }

  /// Tools of a golden case stand beside its messages.
  private static List<ChatMessage> goldenMessages(JsonNode row) {
    var messages = new ArrayList<ChatMessage>();
    if (row.has("tools")) {
      messages.add(ChatMessage.system("", Conversations.tools(row.required("tools"))));
    }
    messages.addAll(Conversations.messages(row.required("messages")));
    return messages;
  }

  /// Conversations whose turns were written out by hand from the models' documentation and encoded
  /// by another program.
  static Stream<Arguments> conversations() throws IOException {
    return SampleTokenizer.jsonLines(Conversations.resource("conversations.jsonl")).stream()
        .map(row ->
            Arguments.argumentSet(
                "%s, %s tokenizer: %s"
                    .formatted(
                        row.required("format").asText(),
                        row.required("tokenizer").asText(),
                        row.required("about").asText()),
                row));
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void writesTheConversation(JsonNode row) {
    Tokenizer tokenizer = Conversations.tokenizer(row.required("tokenizer").asText());
    ChatFormat format = Conversations.format(row.required("format").asText());

    int[] prompt =
        ChatTemplate.of(format, tokenizer).encode(Conversations.messages(row.required("messages")));

    assertThat(prompt).isEqualTo(SampleTokenizer.ints(row.required("ids")));
  }

  @Test
  void writesThePromptsAndReadsTheAnswersOfTheSampleModel() throws IOException {
    List<SampleTokenizer.Summary> summaries = SampleTokenizer.summaries();
    assertThat(summaries).hasSize(300);
    for (SampleTokenizer.Summary summary : summaries) {
      ChatMessage message = ChatMessage.user(summary.body() + SUMMARIZE);

      assertThat(IntStream.of(GLM4.encode(List.of(message))))
          .as(summary.id())
          .isEqualTo(summary.promptIds());
      assertThat(GLM4.answerText(summary.completionIds())).isEqualTo(summary.summary());
    }
  }

  /// Every special token of every family, in every place that holds text, against the one rule that
  /// each control token in the prompt is one that the format puts there.
  @ParameterizedTest
  @EnumSource(ChatFormat.class)
  void keepsTextFromWritingControlTokens(ChatFormat format) {
    ChatTemplate template = Conversations.sampleTemplate(format);
    for (String token :
        List.of(
            "<|endoftext|>",
            "[MASK]",
            "[gMASK]",
            "[sMASK]",
            "<sop>",
            "<eop>",
            "sop",
            "eop",
            "<|system|>",
            "<|user|>",
            "<|assistant|>",
            "<|observation|>",
            "<|begin_of_image|>",
            "<|end_of_image|>",
            "<|begin_of_video|>",
            "<|end_of_video|>",
            "<unk>",
            "<s>",
            "</s>",
            "<bos>",
            "<eos>",
            "<pad>",
            "<0x0A>")) {
      var messages =
          List.of(ChatMessage.system(token), ChatMessage.user("a" + token + "\n" + token));
      if (format != ChatFormat.CHATGLM2) {
        messages = withTools(token);
      }

      assertThat(controlTokens(template.encode(messages)))
          .as(token)
          .containsExactlyElementsOf(
              switch (format) {
                case CHATGLM2 -> List.of(2036, 2038);
                case CHATGLM3 -> List.of(2036, 2038, 2040, 2041, 2042, 2042, 2043, 2042);
                case GLM_4, GLM_4_0414 ->
                    List.of(2036, 2038, 2040, 2040, 2041, 2042, 2042, 2043, 2042);
              });
    }
  }

  /// Neither missing nor doubled, also where a caller writes it as text or there are many turns.
  @ParameterizedTest
  @EnumSource(ChatFormat.class)
  void everyPromptBeginsWithThePrefixAndHasItOnce(ChatFormat format) {
    int[] prompt =
        Conversations.sampleTemplate(format)
            .encode(
                List.of(
                    ChatMessage.system("[gMASK]<sop>be brief"),
                    ChatMessage.user("[gMASK]<sop>Hi"),
                    ChatMessage.assistant("[gMASK] sop Hello"),
                    ChatMessage.user("[gMASK]sop")));

    assertThat(prompt).startsWith(2036, 2038);
    assertThat(IntStream.of(prompt).filter(id -> id == 2036 || id == 2038)).hasSize(2);
  }

  private static List<ChatMessage> withTools(String token) {
    String object = "{\"name\": \"%s\", \"%s\": [\"%s\"]}".formatted(token, token, token);
    return List.of(
        ChatMessage.system(token, List.of(ToolDefinition.parse(object))),
        new ChatMessage(Role.USER, token, token),
        ChatMessage.assistant(token, List.of(new ToolCall(token, object))),
        new ChatMessage(Role.OBSERVATION, token, token));
  }

  private static List<Integer> controlTokens(int[] tokens) {
    var special = Conversations.tokenizer("sample").vocabulary().specialTokens().values();
    return IntStream.of(tokens).filter(special::contains).boxed().toList();
  }

  @Test
  void encodesAHeaderApartFromItsContent() {
    int[] tokens = GLM4.encode(List.of(ChatMessage.user("\nText")));

    assertThat(tokens).containsExactly(2036, 2038, 2041, 10, 10, 84, 289, 2042);
    assertThat(Conversations.tokenizer("sample").encode("\n\nText"))
        .containsExactly(435, 84, 289); // both line breaks in one
  }

  @Test
  void leavesOutMessagesWithoutContent() {
    List<ChatMessage> messages =
        List.of(
            ChatMessage.system(""),
            ChatMessage.user("Hi"),
            new ChatMessage(Role.ASSISTANT, "tool", ""),
            ChatMessage.observation(""));

    assertThat(GLM4.encode(messages)).isEqualTo(GLM4.encode(List.of(ChatMessage.user("Hi"))));
    assertThat(GLM4.encode(List.of())).containsExactly(2036, 2038, 2042);
  }

  @Test
  void refusesWhatAFormatCannotSay() {
    var question = ChatMessage.user("Hi");
    refuses(ChatFormat.CHATGLM2, "knows no tools", question, ChatMessage.observation("x"));
    refuses(
        ChatFormat.CHATGLM2, "metadata 'f'", question, new ChatMessage(Role.ASSISTANT, "f", "x"));
    refuses(ChatFormat.CHATGLM2, "1 tools", offering("{\"name\": \"f\"}"), question);
    refuses(ChatFormat.CHATGLM2, "1 tool calls", question, calling("f", "{}"));
    refuses(ChatFormat.CHATGLM2, "round 1 has no question");
    refuses(ChatFormat.CHATGLM2, "round 1 has no question", ChatMessage.assistant("Hi"));
    refuses(ChatFormat.CHATGLM2, "round 2 has no question", question, ChatMessage.assistant("Hi"));
    refuses(ChatFormat.CHATGLM3, "'cogview'", offering("{\"type\": \"cogview\"}"));
    refuses(ChatFormat.CHATGLM3, "'simple_browser'", offering("{\"type\": \"simple_browser\"}"));
    refuses(ChatFormat.CHATGLM3, "only a text 'code'", calling("interpreter", "{\"code\": 1}"));
    refuses(
        ChatFormat.GLM_4, "only a text 'code'", calling("python", "{\"code\": \"\", \"x\": 1}"));
    refuses(ChatFormat.GLM_4, "a text 'query'", calling("simple_browser", "{\"q\": \"x\"}"));
    refuses(ChatFormat.GLM_4_0414, "'python'", offering("{\"type\": \"python\"}"));
  }

  private static ChatMessage offering(String tool) {
    return ChatMessage.system("", List.of(ToolDefinition.parse(tool)));
  }

  private static ChatMessage calling(String name, String arguments) {
    return ChatMessage.assistant("", List.of(new ToolCall(name, arguments)));
  }

  private static void refuses(ChatFormat format, String sentence, ChatMessage... messages) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Conversations.sampleTemplate(format).encode(List.of(messages)))
        .withMessageContaining(sentence);
  }

  @Test
  void givesTheStopTokensInOrderAndForKeeps() {
    int[] stopTokens = GLM4.stopTokens();
    assertThat(stopTokens).containsExactly(2034, 2041, 2043);

    stopTokens[0] = 7;

    assertThat(GLM4.stopTokens()).containsExactly(2034, 2041, 2043);
  }

  @Test
  void knowsTheStopTokensAndTheAnswerPrefixOfPublishedModels() {
    for (String family : List.of("chatglm2", "chatglm3", "glm4")) {
      Tokenizer tokenizer = Conversations.tokenizer(family);
      for (ChatFormat format : formats(family)) {
        ChatTemplate template = ChatTemplate.of(format, tokenizer);
        assertThat(template.format()).isEqualTo(format);
        switch (format) {
          case CHATGLM2 -> {
            assertThat(template.stopTokens()).containsExactly(2);
            assertThat(template.answerPrefix()).isEmpty();
          }
          case CHATGLM3 -> {
            assertThat(template.stopTokens()).containsExactly(2, 64795, 64797);
            assertThat(template.answerPrefix()).containsExactly(30910, 13);
          }
          case GLM_4, GLM_4_0414 -> {
            assertThat(template.stopTokens()).containsExactly(151329, 151336, 151338);
            assertThat(template.answerPrefix()).containsExactly(198);
          }
        }
      }
    }
  }

  private static List<ChatFormat> formats(String family) {
    return switch (family) {
      case "glm4" -> List.of(ChatFormat.GLM_4, ChatFormat.GLM_4_0414);
      case String name -> List.of(Conversations.format(name));
    };
  }

  @Test
  void namesTheSpecialTokenThatATokenizerLacks() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ChatTemplate.of(ChatFormat.CHATGLM3, Conversations.tokenizer("sample")))
        .withMessageContaining("no special token 'sop'");
  }

  @Test
  void findsFormatsAndRolesByTheirNames() {
    for (ChatFormat format : ChatFormat.values()) {
      assertThat(Conversations.format(format.optionName())).isEqualTo(format);
    }
    assertThat(Role.named("tool")).isEqualTo(Role.OBSERVATION);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Role.named("<|user|>"))
        .withMessage("role '<|user|>', expected system, user, assistant, observation or tool");
  }
}
