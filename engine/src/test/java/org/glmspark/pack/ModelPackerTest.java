package org.glmspark.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;
import org.glmspark.model.ModelDigest;
import org.glmspark.model.ModelLoader;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Packs come into being whole or not at all.
class ModelPackerTest {
  private static final Path SOURCE = Packs.GOLDEN.resolve("glm-4-9b-chat");

  @TempDir Path folder;

  private void pack(Path source, IfPresent ifPresent) {
    new ModelPacker(PackOptions.NATURAL, PackProgress.SILENT).pack(source, target(), ifPresent);
  }

  private Path target() {
    return folder.resolve("model.glmpack");
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void saysWhatItWasMadeOf() {
    pack(SOURCE, IfPresent.REFUSE);

    var pack = Objects.requireNonNull(ModelLoader.describe(target()).pack());
    assertThat(pack.sourceDigest()).isEqualTo(ModelDigest.of(SOURCE));
    ModelPack.verify(target());
  }

  @Test
  void tellsHowFarItIsUntilAllIsWritten() throws IOException {
    var last = new AtomicLong();
    var events = new ArrayList<Long>();
    PackProgress progress =
        new PackProgress() {
          @Override
          public void waiting(Path target) {
            throw new AssertionError("nobody else packs");
          }

          @Override
          public synchronized void packed(Path target, long done, long all) {
            assertThat(target).isEqualTo(target());
            events.add(done);
            last.set(all);
          }
        };

    new ModelPacker(PackOptions.NATURAL, progress).pack(SOURCE, target(), IfPresent.REFUSE);

    assertThat(events).hasSizeGreaterThan(20).startsWith(0L).contains(last.get());
    assertThat(last.get()).isEqualTo(Files.size(target()));
  }

  @Test
  void leavesWhatIsThereUnlessItIsForced() throws IOException {
    Files.writeString(target(), "somebody's work");

    assertThatThrownBy(() -> pack(SOURCE, IfPresent.REFUSE))
        .isInstanceOf(PackingException.class)
        .hasMessageContaining("is there already");
    assertThat(target()).hasContent("somebody's work");

    pack(SOURCE, IfPresent.REPLACE);
    assertThat(ModelPacker.isSound(target())).isTrue();
  }

  @Test
  void aBrokenPackIsReplacedAndASoundOneIsKept() throws IOException {
    pack(SOURCE, IfPresent.REFUSE);
    Object key = Files.getAttribute(target(), "unix:ino");
    pack(SOURCE, IfPresent.KEEP);
    assertThat(Files.getAttribute(target(), "unix:ino")).isEqualTo(key);

    byte[] whole = Files.readAllBytes(target());
    Files.write(target(), Arrays.copyOf(whole, whole.length - 1));
    pack(SOURCE, IfPresent.KEEP);

    assertThat(Files.readAllBytes(target())).isEqualTo(whole);
  }

  /// What a process leaves that was killed.
  @Test
  void overwritesTheTemporaryFileOfAProcessThatIsGone() throws IOException {
    Files.write(folder.resolve(".model.glmpack.tmp"), new byte[10_000_000]);

    pack(SOURCE, IfPresent.KEEP);

    assertThat(ModelPacker.isSound(target())).isTrue();
    assertThat(names()).containsExactly(".model.glmpack.lock", "model.glmpack");
  }

  @Test
  void aModelThatIsRefusedLeavesNothing() throws IOException {
    assertThatThrownBy(() -> pack(folder.resolve("none"), IfPresent.REFUSE))
        .isInstanceOf(MalformedModelException.class);
    assertThat(names()).containsExactly(".model.glmpack.lock");
  }

  @Test
  void aPackIsNotPackedAgain() {
    pack(SOURCE, IfPresent.REFUSE);

    assertThatThrownBy(() ->
            new ModelPacker(PackOptions.NATURAL, PackProgress.SILENT)
                .pack(target(), folder.resolve("second.glmpack"), IfPresent.REFUSE))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("is a pack already");
  }

  @Test
  void saysThatAFolderIsNotThere() {
    assertThatThrownBy(() ->
            new ModelPacker(PackOptions.NATURAL, PackProgress.SILENT)
                .pack(SOURCE, folder.resolve("none/model.glmpack"), IfPresent.REFUSE))
        .isInstanceOf(PackingException.class)
        .hasMessageContaining("there is no folder " + folder.resolve("none"));
  }

  /// In processes of their own, whose user or limits differ.
  @Test
  void aFileThatGrowsTooLargeIsReportedAndRemoved() throws IOException, InterruptedException {
    var process =
        new PackProcess("ulimit -f 200 && exec", folder.resolve("log"), Packs.SAMPLE, target());

    assertThat(process.exit()).isEqualTo(1);
    assertThat(process.output())
        .contains("PackingException: " + target() + ": ")
        .contains("File too large");
    assertThat(names()).containsExactly(".model.glmpack.lock", "log");
  }

  @Test
  void tenProcessesThatStartTogetherPackOnce() throws IOException, InterruptedException {
    var processes = new ArrayList<PackProcess>();
    for (int i = 0; i < 10; i++) {
      processes.add(new PackProcess("exec", folder.resolve("log-" + i), Packs.SAMPLE, target()));
    }

    int packed = 0;
    for (PackProcess process : processes) {
      assertThat(process.exit()).as(process.output()).isZero();
      packed += process.output().contains("packed") ? 1 : 0;
    }
    assertThat(packed).isEqualTo(1);
    assertThat(ModelPacker.isSound(target())).isTrue();
  }

  @Test
  void aProcessThatIsKilledHalfWayIsFollowedByOneThatPacks()
      throws IOException, InterruptedException {
    var killed =
        new PackProcess("exec", folder.resolve("log"), Packs.SAMPLE, target(), "--stop-half-way");
    killed.awaitOutput("half way");
    killed.kill();
    assertThat(names()).contains(".model.glmpack.tmp").doesNotContain("model.glmpack");

    pack(Packs.SAMPLE, IfPresent.KEEP);

    assertThat(ModelPacker.isSound(target())).isTrue();
    assertThat(names()).doesNotContain(".model.glmpack.tmp");
  }

  @Test
  void threadsThatStartTogetherPackOnce() {
    var starts = new AtomicLong();
    PackProgress progress =
        new PackProgress() {
          @Override
          public void waiting(Path target) {}

          @Override
          public void packed(Path target, long done, long all) {
            if (done == 0) {
              starts.incrementAndGet();
            }
          }
        };
    var cache = new PackCache(folder.resolve("new/cache"));

    List<Path> packs =
        Stream.generate(() -> cache)
            .limit(8)
            .parallel()
            .map(same -> same.packed(SOURCE, PackOptions.NATURAL, progress))
            .toList();

    assertThat(packs).hasSize(8).containsOnly(packs.getFirst());
    assertThat(starts).hasValue(1);
  }

  @Test
  void aChangedFileGetsANewPackInTheCache() throws IOException {
    Path model = Files.createDirectory(folder.resolve("glm"));
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(SOURCE.resolve(name), model.resolve(name));
    }
    var cache = new PackCache(folder);
    Path first = cache.packed(model, PackOptions.NATURAL, PackProgress.SILENT);
    Path other = cache.packed(model, new PackOptions(WeightType.Q8, null), PackProgress.SILENT);
    Files.writeString(
        model.resolve("config.json"),
        Files.readString(SOURCE.resolve("config.json")).replaceFirst("\\{", "{ "));

    Path second = cache.packed(model, PackOptions.NATURAL, PackProgress.SILENT);

    assertThat(first.getFileName().toString()).matches("glm-natural-[0-9a-f]{16}\\.glmpack");
    assertThat(other.getFileName().toString()).matches("glm-q8-[0-9a-f]{16}\\.glmpack");
    assertThat(second).isNotEqualTo(first);
    assertThat(cache.packed(second, PackOptions.NATURAL, PackProgress.SILENT)).isEqualTo(second);
    assertThatThrownBy(
            () -> cache.packed(second, new PackOptions(WeightType.Q4, null), PackProgress.SILENT))
        .isInstanceOf(PackingException.class)
        .hasMessageContaining("is a pack, which has its weight types");
  }

  @ParameterizedTest
  @ValueSource(longs = {9_000, 300_000, 600_000})
  void verifyingFindsAChangedByte(long position) throws IOException {
    pack(SOURCE, IfPresent.REFUSE);
    try (var file = new RandomAccessFile(target().toFile(), "rw")) {
      file.seek(position);
      int value = file.read();
      file.seek(position);
      file.write(value ^ 1);
    }
    assertThat(ModelPacker.isSound(target())).isTrue();

    assertThatThrownBy(() -> ModelPack.verify(target()))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("the file was damaged");
  }

  @Test
  void saysThatAFolderMayNotBeWritten() throws IOException {
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeFalse(Files.isWritable(closed), "this user may write anywhere");

    assertThatThrownBy(() ->
            new ModelPacker(PackOptions.NATURAL, PackProgress.SILENT)
                .pack(SOURCE, closed.resolve("model.glmpack"), IfPresent.REFUSE))
        .isInstanceOf(PackingException.class)
        .hasMessageContaining("this user may not write");
  }
}
