package org.glmspark.udfs.distribution;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A model that can be opened on this machine.
///
/// @param path a pack, a folder with `config.json` or a GGUF file
/// @param files what was copied for it; null if nothing was, since it lies on each machine
public record LocalModel(Path path, @Nullable ModelFiles files) {}
