package org.glmspark.udfs;

import java.nio.file.Path;
import org.glmspark.udfs.distribution.ModelProgress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says in the log of an executor that it copies or packs a model, for that may take long.
final class ModelLog implements ModelProgress {
  private static final Logger LOG = LoggerFactory.getLogger(ModelLog.class);

  @Override
  public void waiting(Path target) {
    LOG.info("waiting for another process that makes {}", target);
  }

  @Override
  public void copied(Path target, long done, long all) {
    log("copying", "copied", target, done, all);
  }

  @Override
  public void packed(Path target, long done, long all) {
    log("packing", "packed", target, done, all);
  }

  private static void log(String doing, String did, Path target, long done, long all) {
    if (done == 0) {
      LOG.info("{} the model, {} bytes: {}", doing, all, target);
    } else if (done == all) {
      LOG.info("{} the model: {}", did, target);
    }
  }
}
