package org.glmspark.job.options;

import java.nio.file.Path;

/// Which model completes the prompts.
///
/// @param path a folder with `config.json`, the same on every machine
public record ModelOptions(
    @Key(
            value = "the model's folder, with config.json; the same path on every machine",
            text = Key.Text.PATH)
        Path path) {}
