package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestNameTest {
  private static final List<String> KNOWN = List.of("body", "max_words", "id", "received_at");

  @ParameterizedTest
  @CsvSource({
    "bdy, body", // a letter lost
    "boddy, body", // one too many
    "bodz, body", // another one
    "bdoy, body", // two swapped: one edit, not two
    "BODY, body",
    "max-words, max_words",
    "i, id",
    "recieved_ta, received_at" // two swaps
  })
  void findsTheNameThatWasMeant(String mistyped, String meant) {
    assertThat(NearestName.of(mistyped, KNOWN)).isEqualTo(meant);
  }

  @Test
  void findsNothingWhereNothingIsNear() {
    assertThat(NearestName.of("summary", KNOWN)).isNull();
    assertThat(NearestName.of("bxxy", KNOWN)).isNull(); // two edits of four letters
    assertThat(NearestName.of("body", List.of())).isNull();
  }
}
