/// Text to token ids and back.
///
/// ```
/// TokenizerFiles chooses the file:
///   tokenizer.model, text ─────▶ RankFile, SpecialTokens ─┐
///   tokenizer.json ────────────▶ TokenizerJson ───────────┼─▶ TokenTable ──▶ BytePairTokenizer
/// GgufVocabulary, `gpt2` ─────────────────────────────────┘
/// GgufVocabulary, `llama` ────────────────────────────────┐
///   tokenizer.model, protobuf ─▶ SentencePieceFile ───────┴─▶ Piece ──▶ SentencePieceTokenizer
///
/// GLM-4:   text ─▶ UTF-8 ─▶ WordSplitter ─▶ TokenTable: is the word a token? ── yes ─▶ id
///                                              └── no ─▶ BytePairEncoding ───────────▶ ids
/// ChatGLM: ▁ and the text ─▶ UTF-8 ─▶ BytePairEncoding of all of it ─────────────────▶ ids
///
/// ids ──▶ bytes of the tokens ─▶ text, token by token: StreamingDecoder
/// ```
///
/// Both join pairs by the rule of `BytePairEncoding`. Doing what it says takes a heap of all pairs
/// (`PairMerger`); the encoder finds the same tokens from left to right, with `TokenTrie` for what
/// the text goes on with and `MergeRules` for what may follow a token. So the time is linear in the
/// text, also where it is one word. These tables are made when they begin to pay: the first texts
/// are encoded by the heap.
///
/// Special tokens have no bytes: no text encodes to one, and decoding leaves them out. So a
/// document cannot write a control token.
///
/// Files are hostile: each length is checked against the file, what would encode otherwise than
/// here is refused, and nothing but `MalformedModelException` comes out.
///
/// Why words are not found by a regular expression: it would take most of the time. Why there is no
/// cache of words: in English prose 19 of 20 words are tokens, found by one look-up.
///
/// Threads: vocabularies and tokenizers never change and serve any number of threads at once. A
/// `StreamingDecoder` belongs to one sequence.
@NullMarked
package org.glmspark.tokenizer;

import org.jspecify.annotations.NullMarked;
