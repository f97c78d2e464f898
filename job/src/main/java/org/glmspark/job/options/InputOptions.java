package org.glmspark.job.options;

import java.util.List;
import java.util.Map;
import org.glmspark.udfs.openai.BatchInput;

/// Where the rows come from.
///
/// @param path as Spark takes it: a file, a folder, a pattern, on any file system it knows
/// @param format how the files are stored
/// @param options Spark's options of the format, such as `header` for CSV
/// @param key the columns that tell a row from all others; empty if there are none; of a batch file
///   its lines' own
public record InputOptions(
    @Key(value = "file, folder or pattern to read, as Spark takes it", text = Key.Text.PATH)
        String path,
    @Key(value = "how the files are stored", defaultValue = "parquet") InputFormat format,
    @Key(value = "Spark's options of the format, such as \"header\" for csv", defaultValue = "{}")
        Map<String, String> options,
    @Key(value = "columns that tell a row from all others, for row ids", defaultValue = "[]")
        List<String> key) {

  public InputOptions {
    if (path.isBlank()) {
      throw new IllegalArgumentException("path is empty, expected a file, folder or pattern");
    }
    options = Map.copyOf(options);
    key = List.copyOf(key);
    if (format == InputFormat.OPENAI_BATCH) {
      if (!key.isEmpty() && !key.equals(List.of(BatchInput.ID))) {
        throw new IllegalArgumentException(
            "key is %s, expected none: lines of a batch have their custom_id".formatted(key));
      }
      key = List.of(BatchInput.ID);
    }
  }
}
