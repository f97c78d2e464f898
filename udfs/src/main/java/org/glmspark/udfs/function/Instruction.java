package org.glmspark.udfs.function;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.glmspark.udfs.TaskPrompts;

/// What is to be done with a text so that another text comes out.
sealed interface Instruction extends Serializable {
  /// `ai_fix_grammar(content)`.
  record FixGrammar() implements Instruction {}

  /// `ai_translate(content, to_lang)`.
  record Translate() implements Instruction {}

  /// `ai_mask(content, labels)`.
  ///
  /// @param kinds of what is masked
  record Mask(List<String> kinds) implements Instruction {
    public Mask {
      kinds = List.copyOf(kinds);
    }
  }

  default String functionName() {
    return switch (this) {
      case FixGrammar _ -> "ai_fix_grammar";
      case Translate _ -> "ai_translate";
      case Mask _ -> "ai_mask";
    };
  }

  default Map<String, String> options() {
    return switch (this) {
      case FixGrammar _, Translate _ -> Map.of();
      case Mask(List<String> kinds) -> Map.of("labels", kinds.toString());
    };
  }

  /// What the model is asked.
  ///
  /// @param inputs the text, and to translate it, the language
  default String prompt(List<String> inputs) {
    String content = inputs.getFirst();
    return switch (this) {
      case FixGrammar _ -> TaskPrompts.fixGrammar(content);
      case Translate _ -> TaskPrompts.translate(content, inputs.get(1));
      case Mask(List<String> kinds) -> TaskPrompts.mask(content, kinds);
    };
  }
}
