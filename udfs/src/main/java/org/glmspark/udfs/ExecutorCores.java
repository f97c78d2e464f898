package org.glmspark.udfs;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/// How many cores Spark gave an executor.
final class ExecutorCores {
  /// `local`, `local[4]`, `local[*]`, `local[4, 2]`: one JVM, its cores are the first number.
  private static final Pattern LOCAL =
      Pattern.compile("local(?:\\[\\s*(\\d+|\\*)\\s*(?:,\\s*\\d+\\s*)?])?");

  /// `local-cluster[2,1,1024]`: executors, cores of each, memory of each.
  private static final Pattern LOCAL_CLUSTER =
      Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,.*");

  private ExecutorCores() {}

  /// The cores of an executor that runs under a configuration.
  ///
  /// A local master names them, else `spark.executor.cores` does; a standalone cluster without that
  /// setting gives an executor all cores of its worker, taken to be those the JVM sees. Never more
  /// than the JVM sees: threads beyond the processors only wait for each other.
  ///
  /// @param processors what the JVM sees
  static int of(SparkConf conf, int processors) {
    return Math.min(named(conf, processors), processors);
  }

  private static int named(SparkConf conf, int processors) {
    String master = conf.get("spark.master", "");
    Matcher local = LOCAL.matcher(master);
    if (local.matches()) {
      String cores = local.group(1);
      if (cores == null) {
        return 1;
      }
      return cores.equals("*") ? processors : Integer.parseInt(cores);
    }
    Matcher localCluster = LOCAL_CLUSTER.matcher(master);
    int fallback = localCluster.matches() ? Integer.parseInt(localCluster.group(1)) : processors;
    return conf.getInt("spark.executor.cores", fallback);
  }
}
