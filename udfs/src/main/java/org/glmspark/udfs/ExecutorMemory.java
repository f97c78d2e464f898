package org.glmspark.udfs;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import org.apache.spark.SparkConf;
import org.jspecify.annotations.Nullable;

/// The memory that an executor's process may take, and how it is shared out.
///
/// Heap, mapped model, cache of keys and values, and some more for the JVM itself must fit the
/// process. On YARN and Kubernetes its limit is `spark.executor.memory` and
/// `spark.executor.memoryOverhead` together; elsewhere it is the machine's memory, or the part of
/// it that the container has, and only a process there knows that.
///
/// @param limitBytes what the process may take
/// @param limitName what sets the limit, for messages
/// @param advice how to have more
/// @param heapBytes the largest heap
record ExecutorMemory(long limitBytes, String limitName, String advice, long heapBytes) {
  /// Code, stacks, buffers of Spark, the collector's tables.
  private static final long REST_BYTES = 256L << 20;

  /// Most that the cache gets by default: 100,000 tokens of GLM-4-9B in float16.
  private static final long MOST_CACHE_BYTES = 4L << 30;

  /// Less is of no use to anybody.
  private static final long LEAST_CACHE_BYTES = 16L << 20;

  /// Of this process.
  static ExecutorMemory ofThisProcess(SparkConf conf) {
    long heap = Runtime.getRuntime().maxMemory();
    ExecutorMemory machine = ofThisMachine(heap);
    ExecutorMemory container = isContainer(conf) ? ofContainer(conf) : machine;
    return container.limitBytes < machine.limitBytes ? container : machine;
  }

  /// Of each executor, as far as the driver can know; null if each has to look for itself.
  static @Nullable ExecutorMemory ofExecutors(SparkConf conf) {
    if (isContainer(conf)) {
      return ofContainer(conf);
    }
    String master = conf.get("spark.master", "");
    boolean isHere = master.equals("local") || master.startsWith("local[");
    return isHere ? ofThisMachine(Runtime.getRuntime().maxMemory()) : null;
  }

  private static boolean isContainer(SparkConf conf) {
    String master = conf.get("spark.master", "");
    return master.startsWith("yarn") || master.startsWith("k8s");
  }

  private static ExecutorMemory ofThisMachine(long heap) {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new ExecutorMemory(
        system.getTotalMemorySize(), "this machine's memory", "take a smaller heap", heap);
  }

  private static ExecutorMemory ofContainer(SparkConf conf) {
    long heap = conf.getSizeAsMb("spark.executor.memory", "1g");
    double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
    long least = conf.getSizeAsMb("spark.executor.minMemoryOverhead", "384m");
    long usual = Math.max((long) (factor * heap), least);
    long overhead = conf.getSizeAsMb("spark.executor.memoryOverhead", usual + "m");
    return new ExecutorMemory(
        (heap + overhead) << 20,
        "spark.executor.memory and spark.executor.memoryOverhead together",
        "raise spark.executor.memoryOverhead",
        heap << 20);
  }

  /// What the cache gets if nobody says: half of what heap and model leave, the rest being for
  /// Spark and for what else uses the machine, but no more than 4 GiB.
  ///
  /// @param modelBytes size of the pack
  /// @throws IllegalArgumentException if there is not enough for any use
  long cacheBytes(long modelBytes) {
    long left = limitBytes - heapBytes - modelBytes - REST_BYTES;
    long cache = Math.min(MOST_CACHE_BYTES, left / 2);
    require(modelBytes, Math.max(cache, LEAST_CACHE_BYTES));
    return cache;
  }

  /// Refuses what does not fit.
  ///
  /// @param modelBytes size of the pack
  /// @param cacheBytes of keys and values
  /// @throws IllegalArgumentException if it does not; the message says what to change
  void require(long modelBytes, long cacheBytes) {
    long needed = heapBytes + modelBytes + cacheBytes + REST_BYTES;
    if (needed > limitBytes) {
      throw new IllegalArgumentException(
          "an executor needs %d MiB: heap %d, model %d, keys and values %d, the rest %d; %s gives %d; %s or lower kv-cache-bytes"
              .formatted(
                  mebibytes(needed),
                  mebibytes(heapBytes),
                  mebibytes(modelBytes),
                  mebibytes(cacheBytes),
                  mebibytes(REST_BYTES),
                  limitName,
                  mebibytes(limitBytes),
                  advice));
    }
  }

  @Override
  public String toString() {
    return "%s %d MiB, of it heap %d MiB"
        .formatted(limitName, mebibytes(limitBytes), mebibytes(heapBytes));
  }

  private static long mebibytes(long bytes) {
    return Math.ceilDiv(bytes, 1L << 20);
  }
}
