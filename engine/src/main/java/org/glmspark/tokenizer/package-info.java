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
/// Special tokens have no bytes: no text encodes to one, and decoding leaves them out. So a document
/// cannot write a control token.
///
/// Why there is no regular expression: `java.util.regex` recurses on long runs of letters and would
/// overflow the stack on a hostile document. Why there is no cache of words: most words are tokens
/// and found by one look-up, and the rest merge about as fast as a shared cache would find them.
///
/// Threads: vocabularies and tokenizers never change and serve any number of threads at once. A
/// `StreamingDecoder` belongs to one sequence.
@NullMarked
package org.glmspark.tokenizer;

import org.jspecify.annotations.NullMarked;
