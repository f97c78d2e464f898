package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.spark.SparkConf;
import org.glmspark.generation.GenerationEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExecutorMemoryTest {
  private static final long MIB = 1L << 20;

  private static SparkConf conf(String master, String... settings) {
    SparkConf conf = new SparkConf(false).set("spark.master", master);
    for (int i = 0; i < settings.length; i += 2) {
      conf.set(settings[i], settings[i + 1]);
    }
    return conf;
  }

  @ParameterizedTest
  @CsvSource({"yarn, 4g, , 4505", "k8s://https://host, 1g, , 1408", "yarn, 8g, 6g, 14336"})
  void aContainerHasHeapAndOverhead(String master, String heap, String overhead, long mebibytes) {
    SparkConf conf = conf(master, "spark.executor.memory", heap);
    if (overhead != null) {
      conf.set("spark.executor.memoryOverhead", overhead);
    }
    ExecutorMemory memory = ExecutorMemory.ofExecutors(conf);
    assertThat(memory).isNotNull();
    assertThat(memory.limitBytes()).isEqualTo(mebibytes * MIB);
  }

  @Test
  void elsewhereTheDriverKnowsTheMemoryOfItsOwnMachineOnly() {
    assertThat(ExecutorMemory.ofExecutors(conf("spark://host:7077"))).isNull();
    assertThat(ExecutorMemory.ofExecutors(conf("local-cluster[2,1,1024]"))).isNull();
    ExecutorMemory here = ExecutorMemory.ofExecutors(conf("local[2]"));
    assertThat(here).isEqualTo(ExecutorMemory.ofThisProcess(conf("spark://host:7077")));
    assertThat(here).isNotNull();
    assertThat(here.heapBytes()).isEqualTo(Runtime.getRuntime().maxMemory());
  }

  @Test
  void theCacheGetsHalfOfWhatIsLeftButNotAll() {
    var memory = new ExecutorMemory(8192 * MIB, "the limit", "take more", 1024 * MIB);
    assertThat(memory.cacheBytes(912 * MIB)).isEqualTo(3000 * MIB);
    var large = new ExecutorMemory((1 << 20) * MIB, "the limit", "take more", 1024 * MIB);
    assertThat(large.cacheBytes(912 * MIB)).isEqualTo(4096 * MIB);
  }

  @Test
  void whatDoesNotFitIsRefusedWithAllNumbers() {
    var memory = new ExecutorMemory(1408 * MIB, "the limit", "raise the limit", 1024 * MIB);
    assertThatCode(() -> memory.require(100 * MIB, 28 * MIB)).doesNotThrowAnyException();
    assertThatThrownBy(() -> memory.require(100 * MIB, 29 * MIB))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "an executor needs 1409 MiB: heap 1024, model 100, keys and values 29, the rest 256;"
                + " the limit gives 1408; raise the limit or lower kv-cache-bytes");
    assertThatThrownBy(() -> memory.cacheBytes(5632 * MIB))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model 5632");
  }

  @Test
  void anEngineTakesItsShareButNoMoreThanABatchCanFill() {
    try {
      ModelHandle handle =
          ModelHandle.of(SampleData.model(), SampleData.options(4)).withCacheOfExecutor();
      GenerationEngine engine = handle.engine();
      long bytes = engine.options().kvCacheBytes();
      assertThat(bytes).isGreaterThan(SampleData.options(4).kvCacheBytes());
      assertThat(GenerationEngine.cacheBytes(engine.model().config(), engine.options()))
          .isLessThan(bytes);
    } finally {
      ExecutorEngines.closeAll();
    }
  }

  @Test
  void theDriverRefusesAModelThatNoContainerHolds() {
    ModelHandle handle =
        ModelHandle.of(SampleData.model(), SampleData.options(4)).withCacheOfExecutor();
    SparkConf roomy = conf("yarn", "spark.executor.memoryOverhead", "1g");
    assertThatCode(() -> handle.requireMemory(roomy)).doesNotThrowAnyException();
    SparkConf tight = conf("yarn", "spark.executor.memoryOverhead", "256m");
    assertThatThrownBy(() -> handle.requireMemory(tight))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("raise spark.executor.memoryOverhead");
  }
}
