/// Conversations as the token ids that a model was trained on, and its answers as texts and calls
/// of tools.
///
/// ```
/// ChatMessage, ToolDefinition, ToolCall
///        │
///        ▼
/// ChatTemplate ─▶ turns: role, metadata, content ─▶ PromptTokens, Tokenizer ─▶ prompt tokens
///                                   ▲                                               │
///                         ArgumentSyntax.write                                (generation)
///                                                                                   │
/// Answer: text, ToolCall ◀─ ArgumentSyntax.parse ◀─ turns: name, content ◀─ tokens ◀┘
/// ```
///
/// Roles and prefixes are put in by id. Everything that a message, a tool or a result says is
/// encoded as plain text, so a document that spells `<|user|>` stays a document.
///
/// Tools are shown and called in the syntax of each format: `PythonJson` writes JSON as Python
/// does, `PythonCall` and `PythonCallParser` write and read the calls of ChatGLM3.
///
/// Threads: nothing here changes once made.
@NullMarked
package org.glmspark.prompt;

import org.jspecify.annotations.NullMarked;
