package org.glmspark.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerFilesTest {
  @TempDir private Path folder;

  @Test
  void readsARankFileAndItsConfig() throws IOException {
    copyRanks();
    Files.copy(
        SampleTokenizer.folder().resolve("tokenizer_config.json"),
        folder.resolve("tokenizer_config.json"));

    TokenizerFiles.Loaded loaded = TokenizerFiles.read(folder).load(TokenizerFamily.GLM4);

    assertThat(loaded.file()).isEqualTo("tokenizer.model");
    assertThat(loaded.tokenizer().encode("Hello"))
        .isEqualTo(SampleTokenizer.load().encode("Hello"));
    assertThat(TokenizerFiles.names(folder))
        .containsExactly("tokenizer.model", "tokenizer_config.json");
    assertThat(TokenizerFiles.read(folder).evidence())
        .isEqualTo(
            new TokenizerFiles.Evidence(TokenizerFamily.GLM4, "tokenizer.model is a rank file"));
  }

  @Test
  void readsTheJsonFileOnlyWhereThereIsNoOther() throws IOException {
    writeJson();

    assertThat(TokenizerFiles.names(folder)).containsExactly("tokenizer.json");
    assertThat(TokenizerFiles.read(folder).load(TokenizerFamily.GLM4).file())
        .isEqualTo("tokenizer.json");

    copyRanks();

    assertThat(TokenizerFiles.read(folder).load(TokenizerFamily.GLM4).file())
        .isEqualTo("tokenizer.model");
  }

  @Test
  void readsPiecesWithTheSpecialTokensOfTheFamily() throws IOException {
    writePieces();

    Tokenizer two = TokenizerFiles.read(folder).load(TokenizerFamily.CHATGLM2).tokenizer();
    Tokenizer three = TokenizerFiles.read(folder).load(TokenizerFamily.CHATGLM3).tokenizer();

    assertThat(two.vocabulary().specialTokens()).containsKey("sop").doesNotContainKey("<|user|>");
    assertThat(three.specialToken("<|user|>")).isEqualTo(two.specialToken("eop") + 2);
  }

  @Test
  void refusesAFileOfAnotherFamily() throws IOException {
    writePieces();
    assertThatThrownBy(() -> TokenizerFiles.read(folder).load(TokenizerFamily.GLM4))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("is a SentencePiece model, expected a rank file");

    Files.delete(folder.resolve("tokenizer.model"));
    copyRanks();
    assertThatThrownBy(() -> TokenizerFiles.read(folder).load(TokenizerFamily.CHATGLM3))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("tokenizer.model: content: is no SentencePiece model");
  }

  @Test
  void saysThatThereIsNoTokenizer() throws IOException {
    assertThat(TokenizerFiles.names(folder)).isEmpty();
    assertThat(TokenizerFiles.read(folder).evidence()).isNull();
    assertThatThrownBy(() -> TokenizerFiles.read(folder).load(TokenizerFamily.GLM4))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("there is neither this file nor tokenizer.json");
  }

  @Test
  void tellsChatGlm2FromChatGlm3ByWhatIsBesideThePieces() throws IOException {
    writePieces();
    assertThat(TokenizerFiles.read(folder).evidence()).isNull();

    write("tokenization_chatglm.py", "special_tokens = [\"[MASK]\", \"[gMASK]\", \"sop\"]");
    requireEvidence(TokenizerFamily.CHATGLM2, "tokenization_chatglm.py has '[gMASK]' and no");
    write("tokenization_chatglm.py", "special_tokens = [\"[gMASK]\", \"<|user|>\"]");
    requireEvidence(TokenizerFamily.CHATGLM3, "tokenization_chatglm.py has '<|user|>'");

    write("tokenizer_config.json", "{\"name_or_path\": \"THUDM/chatglm-6b\"}"); // tells nothing
    requireEvidence(TokenizerFamily.CHATGLM3, "tokenization_chatglm.py has '<|user|>'");
    write("tokenizer_config.json", "{\"name_or_path\": \"THUDM/ChatGLM2-6B\"}");
    requireEvidence(
        TokenizerFamily.CHATGLM2, "tokenizer_config.json: name_or_path is 'THUDM/ChatGLM2-6B'");
    write(
        "tokenizer_config.json",
        "{\"added_tokens_decoder\": {\"64795\": {\"content\": \"<|user|>\"}}}");
    requireEvidence(
        TokenizerFamily.CHATGLM3, "tokenizer_config.json: added_tokens_decoder has '<|user|>'");
  }

  @Test
  void takesTheJsonFileForGlm4() throws IOException {
    writeJson();
    requireEvidence(TokenizerFamily.GLM4, "tokenizer.json: only GLM-4 is published with it");
  }

  private void requireEvidence(TokenizerFamily family, String reason) throws IOException {
    TokenizerFiles.Evidence evidence = TokenizerFiles.read(folder).evidence();
    assertThat(evidence).isNotNull();
    assertThat(evidence.family()).isEqualTo(family);
    assertThat(evidence.reason()).startsWith(reason);
  }

  private void copyRanks() throws IOException {
    Files.copy(
        SampleTokenizer.folder().resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
  }

  private void writePieces() throws IOException {
    Files.write(folder.resolve("tokenizer.model"), SamplePieces.file(SamplePieces.pieces()));
  }

  private void writeJson() throws IOException {
    write("tokenizer.json", SampleJson.file(SampleTokenizer.load().vocabulary()));
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }
}
