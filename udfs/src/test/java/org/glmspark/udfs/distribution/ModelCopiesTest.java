package org.glmspark.udfs.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.glmspark.udfs.distribution.FaultyFiles.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelCopiesTest {
  private static final Configuration CONFIGURATION = FaultyFiles.configuration();
  private static final int BYTES = 3_000_000;

  @TempDir private Path folder;
  private Path remote;
  private Path cache;
  private ModelCopies copies;

  @BeforeEach
  void makeFolders() throws IOException {
    remote = Files.createDirectory(folder.resolve("remote"));
    cache = folder.resolve("cache");
    copies = new ModelCopies(cache);
  }

  @AfterEach
  void noFault() {
    FaultyFiles.fault = Fault.NONE;
  }

  /// Some file, put there by Hadoop's local file system with its checksums beside it.
  private Path remoteFile(String name, int bytes) throws IOException {
    byte[] content = new byte[bytes];
    new Random(name.hashCode()).nextBytes(content);
    Path file = remote.resolve(name);
    try (OutputStream out =
        FileSystem.getLocal(CONFIGURATION)
            .create(new org.apache.hadoop.fs.Path(file.toUri()), true)) {
      out.write(content);
    }
    assertThat(remote.resolve("." + name + ".crc")).exists();
    return file;
  }

  private static RemoteModel at(String scheme, Path path) {
    return RemoteModel.at(new org.apache.hadoop.fs.Path(scheme + ":" + path), CONFIGURATION);
  }

  private static RemoteModel at(Path path) {
    return at("file", path);
  }

  private static void flipAByte(Path file, long position) throws IOException {
    byte[] content = Files.readAllBytes(file);
    content[Math.toIntExact(position)] ^= 1;
    Files.write(file, content, StandardOpenOption.WRITE);
  }

  /// What is in the cache besides the empty files of locks.
  private List<String> left() throws IOException {
    if (!Files.exists(cache)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(cache)) {
      return all.map(path -> path.getFileName().toString())
          .filter(name -> !name.endsWith(".lock"))
          .toList();
    }
  }

  private static Map<String, String> content(Path folder) throws IOException {
    var content = new TreeMap<String, String>();
    try (Stream<Path> all = Files.list(folder)) {
      for (Path file : all.toList()) {
        content.put(
            file.getFileName().toString(),
            Arrays.hashCode(Files.readAllBytes(file)) + " of " + Files.size(file));
      }
    }
    return content;
  }

  private void assertFails(RemoteModel model, String sentence) throws IOException {
    assertThatThrownBy(() -> copies.copy(model, ModelProgress.SILENT))
        .isInstanceOf(ModelCopyException.class)
        .hasMessageContaining(sentence);
    assertThat(left()).isEmpty();
  }

  @Test
  void aFolderIsCopiedOnceWithTheFilesOfItsModel() throws IOException {
    for (String name :
        List.of("config.json", "tokenizer.model", "code.py", "a.safetensors", "b.safetensors")) {
      remoteFile(name, 1000);
    }
    Map<String, String> expected = new TreeMap<>(content(remote));
    expected.keySet().removeIf(name -> name.endsWith(".crc"));
    remoteFile("README.md", 10);
    remoteFile("pytorch_model.bin", 1000);
    Files.createDirectory(remote.resolve("more.json"));
    int made = ModelCopies.made();

    LocalModel copy = copies.copy(at(remote), ModelProgress.SILENT);
    LocalModel again = copies.copy(at(remote), ModelProgress.SILENT);

    assertThat(content(copy.path())).isEqualTo(expected);
    assertThat(again).isEqualTo(copy);
    assertThat(ModelCopies.made()).isEqualTo(made + 1);
  }

  @Test
  void changedFilesAreCopiedAnew() throws IOException {
    Path file = remoteFile("model.glmpack", 1000);
    LocalModel before = copies.copy(at(file), ModelProgress.SILENT);
    Files.delete(remote.resolve(".model.glmpack.crc"));
    flipAByte(file, 500);
    Files.setLastModifiedTime(file, FileTime.fromMillis(86_400_000));

    LocalModel after = copies.copy(at(file), ModelProgress.SILENT);

    assertThat(after.path()).isNotEqualTo(before.path()).hasSameBinaryContentAs(file);
  }

  @Test
  void allPartsOfASplitFileAreCopied() throws IOException {
    Path first = remoteFile("glm-00001-of-00002.gguf", 100);
    assertFails(at(first), "glm-00002-of-00002.gguf: there is no such file or folder");
    Path second = remoteFile("glm-00002-of-00002.gguf", 100);

    Path copy = copies.copy(at(first), ModelProgress.SILENT).path();

    assertThat(copy).hasSameBinaryContentAs(first);
    assertThat(copy.resolveSibling(second.getFileName())).hasSameBinaryContentAs(second);
  }

  @Test
  void aFileThatDoesNotFitItsChecksumsIsRefusedAndStaysWhereItIs() throws IOException {
    Path file = remoteFile("model.glmpack", BYTES);
    flipAByte(file, BYTES - 1);

    assertFails(at(file), "model.glmpack: is damaged: its content does not fit its checksum at ");
    assertThat(file).exists();

    flipAByte(file, BYTES - 1);
    assertThat(copies.copy(at(file), ModelProgress.SILENT).path()).hasSameBinaryContentAs(file);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BREAKS_OFF | model.glmpack: cannot be read: java.io.IOException: the connection is lost",
        "ENDS_EARLY | model.glmpack: ends after 1,500,000 bytes, before the 3,000,000 bytes it had",
        "CHANGES | changed while it was copied; run again once it is complete",
      })
  void whatGoesWrongIsSaidAndTheNextTryIsClean(Fault fault, String sentence) throws IOException {
    Path file = remoteFile("model.glmpack", BYTES);
    RemoteModel model = at("faulty", file);
    FaultyFiles.fault = fault;

    assertFails(model, sentence);

    FaultyFiles.fault = Fault.NONE;
    assertThat(copies.copy(model, ModelProgress.SILENT).path()).hasSameBinaryContentAs(file);
  }

  @Test
  void anExecutorRefusesAnotherModelThanTheDrivers() throws IOException {
    Path file = remoteFile("model.glmpack", BYTES);
    ModelFiles files =
        Objects.requireNonNull(
            new ModelCopies(folder.resolve("driver")).copy(at(file), ModelProgress.SILENT).files());
    Files.delete(remote.resolve(".model.glmpack.crc"));
    flipAByte(file, 7);

    assertThatThrownBy(() -> copies.copy(at(file), files, ModelProgress.SILENT))
        .isInstanceOf(ModelCopyException.class)
        .hasMessageContaining("model.glmpack has the SHA-256 ")
        .hasMessageContaining(
            "expected %s as on the driver".formatted(files.files().getFirst().sha256()));
    assertThat(left()).isEmpty();

    flipAByte(file, 7);
    assertThat(copies.copy(at(file), files, ModelProgress.SILENT)).hasSameBinaryContentAs(file);
  }

  @Test
  void anExecutorWithACopyDoesNotAskForTheModel() throws IOException {
    Path file = remoteFile("model.glmpack", 1000);
    LocalModel copy = copies.copy(at(file), ModelProgress.SILENT);
    Files.delete(file);

    assertThat(copies.copy(at(file), Objects.requireNonNull(copy.files()), ModelProgress.SILENT))
        .isEqualTo(copy.path());
  }

  @Test
  void aCopyThatWasChangedOrCutOffIsMadeAnew() throws IOException {
    Path file = remoteFile("model.glmpack", 1000);
    Path copy = copies.copy(at(file), ModelProgress.SILENT).path();

    flipAByte(copy, 3);
    assertThat(copies.copy(at(file), ModelProgress.SILENT).path()).hasSameBinaryContentAs(file);

    FileTime time = Files.getLastModifiedTime(copy);
    Files.write(copy, new byte[10]);
    Files.setLastModifiedTime(copy, time);
    assertThat(copies.copy(at(file), ModelProgress.SILENT).path()).hasSameBinaryContentAs(file);
  }

  @Test
  void ofManyThreadsOneCopies() throws Exception {
    Path file = remoteFile("model.glmpack", BYTES);
    ModelFiles files =
        Objects.requireNonNull(
            new ModelCopies(folder.resolve("driver")).copy(at(file), ModelProgress.SILENT).files());
    int made = ModelCopies.made();
    List<Callable<Path>> tasks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      tasks.add(() -> copies.copy(at(file), ModelProgress.SILENT).path());
      tasks.add(() ->
          new ModelCopies(folder.resolve("node")).copy(at(file), files, ModelProgress.SILENT));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(tasks.size())) {
      for (var copy : threads.invokeAll(tasks)) {
        assertThat(copy.get()).hasSameBinaryContentAs(file);
      }
    }
    assertThat(ModelCopies.made()).isEqualTo(made + 2);
  }

  @Test
  void ofManyProcessesOneCopies() throws Exception {
    Path file = remoteFile("model.glmpack", BYTES);
    List<CopyProcess> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(new CopyProcess("", folder.resolve("log-" + i), "file:" + file, cache));
    }
    int made = 0;
    for (CopyProcess process : processes) {
      assertThat(process.exit()).as(process.output()).isZero();
      made += process.output().contains("copied") ? 1 : 0;
    }
    assertThat(made).isEqualTo(1);
    assertThat(copies.copy(at(file), ModelProgress.SILENT).path()).hasSameBinaryContentAs(file);
  }

  @Test
  void theHalfCopyOfAKilledProcessIsThrownAway() throws Exception {
    Path file = remoteFile("model.glmpack", BYTES);
    var process =
        new CopyProcess("exec", folder.resolve("log"), "file:" + file, cache, "--stop-half-way");
    process.awaitOutput("half way");
    process.kill();
    assertThat(left()).singleElement().asString().startsWith(".").endsWith(".tmp");

    assertThat(copies.copy(at(file), ModelProgress.SILENT).path()).hasSameBinaryContentAs(file);
    assertThat(left()).hasSize(2).noneMatch(name -> name.endsWith(".tmp"));
  }

  @Test
  void aDiskThatTakesNoMoreIsReported() throws Exception {
    Path file = remoteFile("model.glmpack", BYTES);
    var process =
        new CopyProcess(
            "ulimit -f 2000;", folder.resolve("log"), "file:" + file, cache); // blocks of 1 KiB

    assertThat(process.exit()).isEqualTo(1);
    assertThat(process.output())
        .contains("ModelCopyException: " + cache)
        .contains("the copy cannot be written: File too large; make room");
    assertThat(left()).isEmpty();
    assertThat(copies.copy(at(file), ModelProgress.SILENT).path()).hasSameBinaryContentAs(file);
  }

  @Test
  void aCacheThatCannotBeMadeIsReported() throws IOException {
    Path file = remoteFile("model.glmpack", 10);
    Files.writeString(cache, "a file");

    assertThatThrownBy(() -> copies.copy(at(file), ModelProgress.SILENT))
        .isInstanceOf(ModelCopyException.class)
        .hasMessageContaining(cache.toString())
        .hasMessageContaining("choose another folder with model.pack-cache");
  }

  @Test
  void whatIsNoModelIsRefused() throws IOException {
    assertFails(at(remote.resolve("none")), "none: there is no such file or folder");
    assertFails(at(remote), "remote: this folder has no config.json");
    assertThatThrownBy(() -> at("nowhere", remote))
        .isInstanceOf(ModelCopyException.class)
        .hasMessageContaining("Spark knows no file system of this kind");
    assertThatThrownBy(() ->
            RemoteModel.at(
                new org.apache.hadoop.fs.Path("hdfs://no-such-host.invalid/m"),
                new Configuration()))
        .isInstanceOf(ModelCopyException.class)
        .hasMessageStartingWith("hdfs://no-such-host.invalid/m: cannot be read: ");
  }
}
