/// What form an answer must have, and which tokens can come next so that it has it in the end.
///
/// ```
/// AnswerFormat: Choice, Regex, JsonObject, JsonSchema
///    │ AnswerRules:
///    │   RegexParser ─▶ RegexNode ─▶ TextWriter ──────────────┐
///    │   SchemaRules, ScalarRules ─▶ JsonRules, DecimalRange ─┴─▶ Graph of bytes, with calls
///    ▼                                                              │
/// AnswerGrammar ◀── Automaton of its states ◀── ShortestCompletion: what each node costs
///    │ start                │ for a state, once
///    ▼                      ▼
/// AnswerState ◀──────── TokenChoice: VocabularyTrie walked along the state's next bytes
///    │ mask, after(token), isComplete
///    ▼
/// (sampling)
/// ```
///
/// A format becomes a graph whose edges read bytes or call rules: so JSON can be nested to any
/// depth, and schemas can refer to themselves. An [Automaton] reads answers along it, on all ways
/// at once.
///
/// Why bytes: tokens of all vocabularies end inside characters. As only whole characters lead to
/// the end of an answer, none is cut.
///
/// An answer always ends within its tokens: each state knows a number of tokens that is enough to
/// complete it, some token lowers that number by one, and a token is allowed only if after it the
/// number is not above what is left.
///
/// Masks are found when a state is first met and kept with it, for all sequences of the format.
/// Inside a text most tokens are allowed: those of plain characters are counted once for the
/// vocabulary and not walked through.
///
/// Patterns and schemas come from callers: texts, graphs, states and searches all have bounds, and
/// what is above them is refused before any work.
///
/// Threads: formats, graphs and [AnswerState]s never change. Grammars remember what was found, and
/// any number of threads may ask at once.
@NullMarked
package org.glmspark.grammar;

import org.jspecify.annotations.NullMarked;
