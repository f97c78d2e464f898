package org.glmspark.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.glmspark.model.BlockType;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelShape;
import org.glmspark.model.PackContent;
import org.glmspark.model.RotarySettings;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.tensor.WeightType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a pack takes of a machine's memory: its own size once, whoever uses it, and a small heap.
class PackMemoryIT {
  private static final long MEGABYTE = 1 << 20;
  private static final ModelConfig SMALL =
      new ModelConfig(
          BlockType.PRE_NORM,
          2048,
          4,
          16,
          2,
          128,
          4096,
          16_384,
          1e-5f,
          new RotarySettings(1e4, 64, null),
          2048,
          true,
          false,
          List.of());

  @TempDir Path folder;

  @BeforeEach
  void requireLinux() {
    assumeTrue(Files.exists(Path.of("/proc/self/smaps")), "only Linux tells who shares which page");
  }

  /// A JVM with [PackUser], which has completed its prompt.
  private static final class User implements AutoCloseable {
    private final Process process;
    private final String done;

    User(int heapMegabytes, Path pack, int promptTokens, int newTokens, int cacheTokens)
        throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(
          List.of(
              "-Xmx%dm".formatted(heapMegabytes),
              "--add-modules=jdk.incubator.vector",
              "--enable-native-access=ALL-UNNAMED",
              "-cp",
              System.getProperty("java.class.path"),
              PackUser.class.getName(),
              pack.toString()));
      for (int number : new int[] {promptTokens, newTokens, cacheTokens}) {
        command.add(String.valueOf(number));
      }
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      BufferedReader out = process.inputReader();
      String line = out.readLine();
      while (line != null && !line.startsWith(PackUser.DONE)) {
        line = out.readLine();
      }
      assertThat(line).as("the program ended").isNotNull();
      done = String.valueOf(line);
    }

    /// The proportional set size of what is mapped from a file, in bytes.
    long proportionalBytes(Path file) throws IOException {
      long kilobytes = 0;
      boolean counted = false;
      for (String line : Files.readAllLines(proc("smaps"))) {
        if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
          counted = line.endsWith(file.toString());
        } else if (counted && line.startsWith("Pss:")) {
          kilobytes += number(line);
        }
      }
      return 1024 * kilobytes;
    }

    /// The most memory that was resident at once, mapped files included, in bytes.
    long mostResidentBytes() throws IOException {
      for (String line : Files.readAllLines(proc("status"))) {
        if (line.startsWith("VmHWM:")) {
          return 1024 * number(line);
        }
      }
      throw new AssertionError("no VmHWM");
    }

    private Path proc(String name) {
      return Path.of("/proc", String.valueOf(process.pid()), name);
    }

    private static long number(String line) {
      Matcher matcher = Pattern.compile("\\d+").matcher(line);
      assertThat(matcher.find()).isTrue();
      return Long.parseLong(matcher.group());
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Path pack(String name, ModelConfig config) throws IOException {
    Path pack = folder.toRealPath().resolve("model.glmpack");
    new ModelPacker(PackOptions.NATURAL, PackProgress.SILENT)
        .pack(
            () -> PackContent.random(name, config, WeightType.Q4, WeightType.Q4, null),
            pack,
            IfPresent.REFUSE);
    return pack;
  }

  @Test
  void processesShareThePagesOfAPack() throws IOException {
    Path pack = pack("small", SMALL);
    try (User first = new User(96, pack, 64, 4, 128);
        User second = new User(96, pack, 64, 4, 128)) {
      assertShared(pack, first, second);
    }
  }

  /// All but the header and the rows of tokens that the prompt does not have is touched.
  private static void assertShared(Path pack, User... users) throws IOException {
    long sum = 0;
    for (User user : users) {
      sum += user.proportionalBytes(pack);
    }
    assertThat((double) sum / Files.size(pack)).isBetween(0.7, 1.01);
  }

  /// GLM-4-9B in 4 bits with random weights, 5.3 GB: heap, resident memory and pages.
  @Tag("proof")
  @Test
  void aFullSizeModelAnswersInEightGigabytes() throws IOException {
    Path pack = pack("glm-4-9b", ModelShape.GLM_4_9B.config());
    try (User first = new User(256, pack, 512, 8, 2048);
        User second = new User(256, pack, 16, 8, 2048)) {
      System.out.println(new File(pack.toString()).length() / MEGABYTE + " MiB");
      for (User user : List.of(first, second)) {
        System.out.println(user.done + ", " + user.mostResidentBytes() / MEGABYTE + " MiB");
        assertThat(user.mostResidentBytes()).isLessThan(8192 * MEGABYTE);
      }
      assertShared(pack, first, second);
    }
  }
}
