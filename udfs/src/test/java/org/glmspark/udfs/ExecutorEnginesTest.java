package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkFiles;
import org.glmspark.cache.KvCacheStorage;
import org.glmspark.format.MalformedModelException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.model.ModelOverrides;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.distribution.ModelCopies;
import org.glmspark.udfs.distribution.ModelCopyException;
import org.glmspark.udfs.distribution.ModelLocation;
import org.glmspark.udfs.distribution.ModelProgress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutorEnginesTest {
  private static final GenerationRequest REQUEST =
      new GenerationRequest(new int[] {1, 2, 3}, SamplingParameters.greedy(2));

  @TempDir private Path folder;

  @AfterEach
  void closeEngines() {
    ExecutorEngines.closeAll();
  }

  private Path copyOfTheModel(String name) throws IOException {
    Path copy = Files.createDirectories(folder.resolve(name));
    try (Stream<Path> files = Files.list(SampleData.model())) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  @Test
  void openAModelOnceForAllWhoAskAtTheSameTime() throws Exception {
    ModelHandle handle = ModelHandle.of(SampleData.model(), SampleData.options(4));
    int before = ExecutorEngines.opened();

    try (ExecutorService tasks = Executors.newFixedThreadPool(16)) {
      List<Future<GenerationEngine>> engines =
          tasks.invokeAll(
              Stream.generate(() -> (Callable<GenerationEngine>) handle::engine)
                  .limit(64)
                  .toList());

      Set<GenerationEngine> distinct =
          engines.stream().map(Future::resultNow).collect(Collectors.toSet());
      assertThat(distinct).hasSize(1);
    }
    assertThat(ExecutorEngines.opened()).isEqualTo(before + 1);
  }

  @Test
  void shareAModelWhereverItsFolderLies() throws Exception {
    ModelHandle here = ModelHandle.of(SampleData.model(), SampleData.options(4));
    ModelHandle there = ModelHandle.of(copyOfTheModel("copy"), SampleData.options(4));

    assertThat(there.engine()).isSameAs(here.engine());
    assertThat(ModelHandle.of(SampleData.model(), SampleData.options(5)).engine())
        .isNotSameAs(here.engine());
  }

  @Test
  void takeOneThreadForEachCoreOfTheExecutorIfTold() {
    LocalSpark.session();
    ModelHandle handle =
        ModelHandle.of(SampleData.model(), SampleData.options(4).withThreads(7))
            .withThreadsOfExecutor();

    int processors = Runtime.getRuntime().availableProcessors();
    assertThat(handle.engine().options().threads()).isEqualTo(Math.min(2, processors));
  }

  @Test
  void putACacheInAFileIntoTheLocalFolderOfSparkAndShareIt() {
    LocalSpark.session();
    EngineOptions options = SampleData.options(4).withKvCacheStorage(KvCacheStorage.FILE);
    ModelHandle handle = ModelHandle.of(SampleData.model(), options);

    assertThat(handle.engine().options().kvCacheFolder()).isNotNull();
    assertThat(Path.of(handle.engine().options().kvCacheFolder())).isDirectory();
    assertThat(handle.engine().submit(REQUEST).join().error()).isNull();
    assertThat(handle.engine()).isSameAs(handle.engine());
  }

  @Test
  void tryAgainAfterAFailure() throws Exception {
    Path copy = copyOfTheModel("later");
    ModelHandle handle = ModelHandle.of(copy, SampleData.options(4));
    Path away = folder.resolve("away");
    Files.move(copy, away);

    assertThatIllegalStateException()
        .isThrownBy(handle::engine)
        .withMessageContaining("host ")
        .withMessageContaining(copy.toString())
        .withCauseInstanceOf(MalformedModelException.class);

    Files.move(away, copy);
    assertThat(handle.engine().submit(REQUEST).get().error()).isNull();
  }

  @Test
  void refuseAModelThatIsNotTheDrivers() throws Exception {
    Path copy = copyOfTheModel("changed");
    ModelHandle handle = ModelHandle.of(copy, SampleData.options(4));
    Path config = copy.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"seq_length\": 1024", "\"seq_length\": 1000"));

    String found = ModelHandle.of(copy, SampleData.options(4)).digest();
    assertThat(found).isNotEqualTo(handle.digest());
    assertThatIllegalStateException()
        .isThrownBy(handle::engine)
        .withMessageContaining("has digest %s, expected %s".formatted(found, handle.digest()))
        .withMessageContaining(copy.toString());
  }

  private ModelSource source(String location, String cache) {
    return new ModelSource(
        ModelLocation.parse(location),
        ModelOverrides.NONE,
        PackOptions.NATURAL,
        folder.resolve(cache).toString());
  }

  @SuppressWarnings("BanSerializableRead") // of what was just written
  private static ModelHandle travelled(ModelHandle handle) throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(handle);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (ModelHandle) in.readObject();
    }
  }

  @Test
  void openTheCopyOfAModelThatLiesElsewhere() throws Exception {
    Path elsewhere = copyOfTheModel("elsewhere");
    ModelSource source = source("file:" + elsewhere, "cache");
    ModelHandle handle =
        travelled(ModelHandle.of(source, SampleData.options(4), ModelProgress.SILENT));
    assertThat(handle.digest())
        .isEqualTo(ModelHandle.of(SampleData.model(), SampleData.options(4)).digest());
    Files.move(folder.resolve("cache"), folder.resolve("of another machine"));
    int made = ModelCopies.made();

    assertThat(handle.engine().submit(REQUEST).get().error()).isNull();

    assertThat(ModelCopies.made()).isEqualTo(made + 1);
    assertThat(handle.engine().model().path()).startsWith(folder.resolve("cache"));
  }

  @Test
  void refuseAModelThatChangedElsewhere() throws Exception {
    Path elsewhere = copyOfTheModel("elsewhere");
    ModelSource source = source("file:" + elsewhere, "cache");
    ModelHandle handle = ModelHandle.of(source, SampleData.options(4), ModelProgress.SILENT);
    Files.move(folder.resolve("cache"), folder.resolve("of another machine"));
    Path config = elsewhere.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"seq_length\": 1024", "\"seq_length\": 1000"));

    assertThatIllegalStateException()
        .isThrownBy(handle::engine)
        .withMessageContaining("config.json has the SHA-256 ")
        .withMessageContaining("as on the driver")
        .withCauseInstanceOf(ModelCopyException.class);
  }

  @Test
  void openAFileThatWasGivenToSpark() throws Exception {
    LocalSpark.session();
    Path pack = Path.of(SparkFiles.get("given.glmpack")); // where Spark puts it
    new ModelPacker(PackOptions.NATURAL, ModelProgress.SILENT)
        .pack(SampleData.model(), pack, IfPresent.REPLACE);
    ModelSource source = source("files:given.glmpack", "cache");

    ModelHandle handle = ModelHandle.of(source, SampleData.options(4), ModelProgress.SILENT);
    ModelHandle again = ModelHandle.of(source, SampleData.options(4), ModelProgress.SILENT);

    assertThat(again).isEqualTo(handle);
    assertThat(handle.engine().submit(REQUEST).get().error()).isNull();
    assertThat(handle.engine().model().path())
        .startsWith(folder.resolve("cache"))
        .hasFileName("given.glmpack");
    ModelSource missing = source("files:missing.glmpack", "cache");
    assertThatThrownBy(() -> ModelHandle.of(missing, SampleData.options(4), ModelProgress.SILENT))
        .isInstanceOf(ModelCopyException.class)
        .hasMessageContaining("files:missing.glmpack: Spark has no file of this name");
  }

  @Test
  void replaceAnEngineThatFailed() throws Exception {
    ModelHandle handle = ModelHandle.of(SampleData.model(), SampleData.options(4));
    GenerationEngine failed = handle.engine();

    ExecutorEngines.discard(failed);

    assertThatIllegalStateException().isThrownBy(() -> failed.submit(REQUEST));
    assertThat(handle.engine()).isNotSameAs(failed);
    assertThat(handle.engine().submit(REQUEST).get().error()).isNull();
  }

  @Test
  void refuseABadModelBeforeItIsSentAnywhere() throws Exception {
    assertThatThrownBy(() -> ModelHandle.of(folder.resolve("none"), SampleData.options(4)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("no such folder");
    assertThatThrownBy(() -> ModelHandle.of(folder, SampleData.options(4)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("config.json");
    Path mute = copyOfTheModel("mute");
    Files.delete(mute.resolve("tokenizer.model"));
    assertThatThrownBy(() -> ModelHandle.of(mute, SampleData.options(4)))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("tokenizer: there is none (there is neither tokenizer.model nor");
  }

  @Test
  void countWhatEachExecutorOpened() {
    assertThat(ExecutorEngines.openedByExecutor(LocalSpark.session()))
        .isEqualTo(Map.of("driver", ExecutorEngines.opened()));
  }
}
