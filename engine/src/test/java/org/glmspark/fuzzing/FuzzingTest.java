package org.glmspark.fuzzing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.glmspark.format.Allocation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Coverage-guided fuzzing of all parsers by Jazzer,
/// <https://github.com/CodeIntelligenceTesting/jazzer>.
///
/// The inputs of a target lie in `src/test/resources/fuzz`: small sound files to start from, and
/// what once was a finding. A million runs of each target, which take some minutes:
///
/// ```
/// mvn -Pproof test -pl engine -Dtest=FuzzingTest
/// ```
///
/// A finding is written to `target/fuzzing/TARGET/crash-…`; once it is repaired, that file moves to
/// the inputs of the target.
///
/// Jazzer runs in a process of its own, not by its JUnit engine: that fuzzes a single method in a
/// run of all tests, and puts its instrumentation into every other test.
class FuzzingTest {
  private static final Path INPUTS = Path.of("src/test/resources/fuzz");
  private static final Path WORK = Path.of("target/fuzzing");
  private static final int SHORT_RUNS = 20_000;
  private static final int LONG_RUNS = 1_000_000;
  private static final int LONGEST_INPUT = 1 << 13;

  @ParameterizedTest
  @EnumSource
  void inputsAreReadOrRefusedAndNothingElse(FuzzTarget target) throws IOException {
    List<Path> inputs = inputs(target);
    assertThat(inputs).isNotEmpty();
    for (Path input : inputs) {
      target.run(Files.readAllBytes(input));
    }
  }

  /// What fuzzers do not find, because their files are small.
  @ParameterizedTest
  @EnumSource
  void denseFilesTakeNoMoreThanTenTimesTheirSize(FuzzTarget target) {
    DenseFiles.of(target)
        .forEach((content, file) -> {
          assertThatCode(() -> target.run(file)).as(content).doesNotThrowAnyException();
          long largest = Allocation.largest(() -> target.run(file));
          assertThat(largest).as(content).isLessThan(10L * file.length);
        });
  }

  @Test
  void aLargeObjectIsMeasured() {
    assertThat(Allocation.largest(() -> assertThat(new byte[1 << 24]).isNotNull()))
        .isBetween(1L << 24, 1L << 25);
  }

  @Test
  void aShortRunOfAllTargetsFindsNothing() throws IOException, InterruptedException {
    Path seeds = emptyFolder(WORK.resolve("all-seeds"));
    List<FuzzTarget> targets = List.of(FuzzTarget.values());
    for (FuzzTarget target : targets) {
      for (Path input : inputs(target)) {
        var chosen = new ByteArrayOutputStream();
        chosen.write(targets.indexOf(target));
        chosen.writeBytes(Files.readAllBytes(input));
        Path seed = seeds.resolve(target.label() + "-" + input.getFileName());
        Files.write(seed, chosen.toByteArray());
      }
    }
    fuzz("all", targets, seeds, SHORT_RUNS);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("proof")
  void aMillionRunsFindNothing(FuzzTarget target) throws IOException, InterruptedException {
    Path found = fuzz(target.label(), List.of(target), INPUTS.resolve(target.label()), LONG_RUNS);
    for (Path input : files(found)) {
      target.run(Files.readAllBytes(input)); // now with the exact bound on memory
    }
  }

  private static List<Path> inputs(FuzzTarget target) throws IOException {
    return files(INPUTS.resolve(target.label()));
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /// @return the folder of the inputs that reached something new
  private static Path fuzz(String name, List<FuzzTarget> targets, Path seeds, int runs)
      throws IOException, InterruptedException {
    Path work = Files.createDirectories(WORK.resolve(name));
    Path corpus = emptyFolder(work.resolve("corpus"));
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx1g",
            "-cp",
            System.getProperty("java.class.path"),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + Fuzzer.class.getName(),
            "--target_args="
                + targets.stream().map(FuzzTarget::name).collect(Collectors.joining(" ")),
            "--instrumentation_includes=org.glmspark.**:com.fasterxml.jackson.core.json.**",
            "--custom_hook_includes=org.glmspark.**",
            "--reproducer_path=" + work,
            "-artifact_prefix=" + work + File.separator,
            "-seed=1",
            "-runs=" + runs,
            "-max_len=" + LONGEST_INPUT,
            "-timeout=20",
            "-rss_limit_mb=0"));
    Path dictionary = INPUTS.resolve(name + ".dict");
    if (Files.exists(dictionary)) {
      command.add("-dict=" + dictionary);
    }
    command.addAll(List.of(corpus.toString(), seeds.toString()));
    Path log = work.resolve("log");
    Process jazzer =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    int exit = jazzer.waitFor();
    String output = Files.readString(log);
    assertThat(exit).as(() -> tail(output)).isZero();
    assertThat(output).contains("Done " + runs + " runs");
    return corpus;
  }

  private static Path emptyFolder(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Path file : files(folder)) {
      Files.delete(file);
    }
    return folder;
  }

  private static String tail(String output) {
    List<String> lines = Arrays.asList(output.split("\n", -1));
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 80), lines.size()));
  }
}
