package org.glmspark.udfs.openai;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.prompt.ToolCall;
import org.glmspark.prompt.ToolDefinition;
import org.jspecify.annotations.Nullable;

/// Reads the messages of a conversation.
///
/// Each is an object: `role` (`system`, or `developer`, which is the same to these models; `user`,
/// `assistant`, `tool`, or `observation`, which is GLM's word for it), `content` (a text, or a list
/// of parts `{"type": "text", "text": ...}`, which become lines; an assistant's may be absent
/// beside calls), and `tool_calls` of an assistant: `{"name": ..., "arguments": ...}`, or that as
/// the `function` of an object with `id` and `type`. `arguments` are a JSON object or a text with
/// one. `name` and `tool_call_id` have no place in what GLM models read: they are checked and left
/// out.
public final class Conversation {
  private static final Set<String> KEYS =
      Set.of(
          "role",
          "content",
          "name",
          "tool_calls",
          "tool_call_id",
          "refusal",
          "annotations",
          "audio",
          "function_call");

  /// What OpenAI's answers have, and may send back when there is nothing in it.
  private static final List<String> EMPTY =
      List.of("refusal", "annotations", "audio", "function_call");

  private static final Set<String> CALL_KEYS =
      Set.of("id", "type", "index", "function", "name", "arguments");
  private static final Set<String> FUNCTION_KEYS = Set.of("name", "arguments");

  private Conversation() {}

  /// Reads two columns of a row.
  ///
  /// @param messages JSON: a list of messages
  /// @param tools JSON: a list of tools, or null if none are offered
  public static List<ChatMessage> read(String messages, @Nullable String tools)
      throws InvalidRequestException {
    List<OfferedTool> offered =
        tools == null ? List.of() : OfferedTool.list(JsonValue.parse(tools, "tools"));
    for (OfferedTool tool : offered) {
      requireNotStrict(tool);
    }
    return read(JsonValue.parse(messages, "messages"), offered);
  }

  /// Refuses a tool whose arguments must be of its schema: what the model calls by its own choice
  /// is not held to one.
  static void requireNotStrict(OfferedTool tool) throws InvalidRequestException {
    JsonValue strict = tool.strict();
    if (strict != null) {
      throw strict.unsupported("false: only a call that is required is held to the schema");
    }
  }

  static List<ChatMessage> read(JsonValue messages, List<OfferedTool> tools)
      throws InvalidRequestException {
    List<ChatMessage> read = new ArrayList<>();
    for (JsonValue message : messages.elements("messages")) {
      read.add(message(message.object(KEYS)));
    }
    if (read.isEmpty()) {
      throw messages.wrongValue("at least one message");
    }
    return offering(read, tools.stream().map(OfferedTool::definition).toList());
  }

  /// Tools belong to the system message, where there is one at the beginning.
  private static List<ChatMessage> offering(
      List<ChatMessage> messages, List<ToolDefinition> tools) {
    if (tools.isEmpty()) {
      return messages;
    }
    ChatMessage first = messages.getFirst();
    if (first.role() == Role.SYSTEM) {
      messages.set(0, ChatMessage.system(first.content(), tools));
    } else {
      messages.addFirst(ChatMessage.system("", tools));
    }
    return messages;
  }

  private static ChatMessage message(JsonValue message) throws InvalidRequestException {
    Role role = role(message.require("role"));
    for (String key : EMPTY) {
      JsonValue value = message.find(key);
      if (value != null && !(value.node().isArray() && value.node().isEmpty())) {
        throw value.unsupported("null");
      }
    }
    requireText(message, "name");
    requireText(message, "tool_call_id");
    List<ToolCall> calls = toolCalls(message.find("tool_calls"), role);
    JsonValue content = message.find("content");
    if (content == null) {
      if (calls.isEmpty()) {
        content = message.require("content"); // says that it is missing
      } else {
        return ChatMessage.assistant("", calls);
      }
    }
    return new ChatMessage(role, "", content(content), List.of(), calls);
  }

  private static void requireText(JsonValue message, String key) throws InvalidRequestException {
    JsonValue value = message.find(key);
    if (value != null) {
      value.text();
    }
  }

  private static Role role(JsonValue role) throws InvalidRequestException {
    return switch (role.text()) {
      case "system", "developer" -> Role.SYSTEM;
      case "user" -> Role.USER;
      case "assistant" -> Role.ASSISTANT;
      case "tool", "observation" -> Role.OBSERVATION;
      default -> throw role.wrongValue("system, developer, user, assistant or tool");
    };
  }

  private static String content(JsonValue content) throws InvalidRequestException {
    if (!content.node().isArray()) {
      if (!content.node().isTextual()) {
        throw content.wrongType("a text, or a list of parts of type text");
      }
      return content.text();
    }
    var text = new StringJoiner("\n");
    for (JsonValue part : content.elements("parts")) {
      JsonValue type = part.object().require("type");
      if (!type.text().equals("text")) {
        throw type.unsupported("\"text\": the model reads nothing else");
      }
      text.add(part.object(Set.of("type", "text")).require("text").text());
    }
    return text.toString();
  }

  private static List<ToolCall> toolCalls(@Nullable JsonValue calls, Role role)
      throws InvalidRequestException {
    List<ToolCall> read = new ArrayList<>();
    if (calls == null) {
      return read;
    }
    for (JsonValue call : calls.elements("tool calls")) {
      if (role != Role.ASSISTANT) {
        throw calls.wrongValue("none in a message of role " + role);
      }
      read.add(toolCall(call.object(CALL_KEYS)));
    }
    return read;
  }

  private static ToolCall toolCall(JsonValue call) throws InvalidRequestException {
    JsonValue type = call.find("type");
    if (type != null && !type.text().equals("function")) {
      throw type.unsupported("\"function\"");
    }
    JsonValue nested = call.find("function");
    JsonValue function = nested == null ? call : nested.object(FUNCTION_KEYS);
    String name = function.require("name").text();
    JsonValue arguments = function.require("arguments");
    if (!arguments.node().isTextual() && !arguments.node().isObject()) {
      throw arguments.wrongType("a JSON object, or a text with one");
    }
    String text = arguments.node().isTextual() ? arguments.text() : arguments.node().toString();
    try {
      return new ToolCall(name, text);
    } catch (IllegalArgumentException e) {
      throw function.problem(String.valueOf(e.getMessage()));
    }
  }
}
