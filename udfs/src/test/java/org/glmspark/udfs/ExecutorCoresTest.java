package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExecutorCoresTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "local; 1",
        "local[3]; 3",
        "local[*]; 16",
        "local[3,4]; 3", // the second number is how often a task may fail
        "local[ * , 4 ]; 16",
        "local-cluster[2,5,1024]; 5",
        "spark://127.0.0.1:7077; 16",
        "local[64]; 16"
      })
  void areThoseTheMasterNames(String master, int cores) {
    SparkConf conf = new SparkConf(false).set("spark.master", master);

    assertThat(ExecutorCores.of(conf, 16)).isEqualTo(cores);
  }

  @Test
  void areThoseOfTheSettingOnACluster() {
    SparkConf conf =
        new SparkConf(false)
            .set("spark.master", "spark://127.0.0.1:7077")
            .set("spark.executor.cores", "6");

    assertThat(ExecutorCores.of(conf, 16)).isEqualTo(6);
    assertThat(ExecutorCores.of(conf, 4)).isEqualTo(4);
  }
}
