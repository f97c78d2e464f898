/// Text to token ids and back.
///
/// ```
/// tokenizer.model ───────▶ RankFile ──▶ TokenTable ──┐
/// tokenizer_config.json ─▶ SpecialTokens ────────────┴─▶ Vocabulary ──▶ BytePairTokenizer
///
/// text ─▶ UTF-8 ─▶ WordSplitter ─▶ TokenTable: is the word a token? ── yes ─▶ id
///                                        └── no ─▶ PairMerger ─────────────▶ ids
/// ids ──▶ bytes of the tokens ─▶ text, at once: BytePairTokenizer.decode
///                             └▶ text, token by token: StreamingDecoder
/// ```
///
/// Special tokens have no bytes: no text encodes to one, and decoding leaves them out. So a
/// document cannot write a control token.
///
/// Why words are not found by a regular expression: it would take most of the time. Why there is no
/// cache of words: in English prose 19 of 20 words are tokens, found by one look-up.
///
/// Threads: vocabularies and tokenizers never change and serve any number of threads at once. A
/// `StreamingDecoder` belongs to one sequence.
@NullMarked
package org.glmspark.tokenizer;

import org.jspecify.annotations.NullMarked;
