package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;

/// What a round says of itself, see [org.glmspark.job.output.Rounds#description].
///
/// @param runs ids of the runs whose rows it has: one, and those that retried some
/// @param rows that the last of them wrote
/// @param seconds that this took
record RoundDescription(List<String> runs, long rows, double seconds) {
  private static final ObjectMapper JSON = new ObjectMapper();

  RoundDescription {
    runs = List.copyOf(runs);
  }

  byte[] json() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of numbers and texts", e);
    }
  }

  static RoundDescription parse(byte[] json) throws IOException {
    return JSON.readValue(json, RoundDescription.class);
  }
}
