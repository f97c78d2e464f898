/// Reads requests as OpenAI's interface writes them, and answers batch files in kind.
///
/// ```
/// batch file ──▶ BatchInput ──▶ rows: id, request, uses_of_id
///                                  │
///                                  ▼
///      BatchLine ◀── line ── PromptSource.OpenAiBatch      messages, tools ── PromptSource.Messages
///          │ ChatCompletionBody: sampling, format                              │
///          │ Conversation, OfferedTool ◀───────────────────────────────────────┘
///          ▼
///      ChatRequest ──▶ PromptEncoder ──▶ engine ──▶ completed rows
///                                                        │
/// batch output ◀── BatchOutput ◀── BatchAnswer ◀─────────┘   and the line, read once more
/// ```
///
/// What is wrong with a request is a [RequestError]: a place in the request, a code, a sentence. A
/// line that is no request at all is a [BatchLine.NoRequest]. Neither ends a job.
///
/// Why lines are read again for the output: what they echo and what was wrong with them is a
/// function of the line, so the rows need not carry it.
@NullMarked
package org.glmspark.udfs.openai;

import org.jspecify.annotations.NullMarked;
