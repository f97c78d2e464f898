/// Conversations as the token ids that a model was trained on.
///
/// ```
/// ChatMessage, ChatMessage, ... ──▶ ChatTemplate ──▶ prompt tokens ──▶ (generation)
///                                       ▲   │
///                     BytePairTokenizer ┘   └──▶ stop tokens; text of an answer
/// ```
///
/// Roles and prefixes are put in by id. What a message says is encoded as plain text, so a document
/// that spells `<|user|>` stays a document.
///
/// Threads: nothing here changes once made.
@NullMarked
package org.glmspark.prompt;

import org.jspecify.annotations.NullMarked;
