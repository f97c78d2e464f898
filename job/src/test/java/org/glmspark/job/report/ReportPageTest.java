package org.glmspark.job.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page in a browser.
class ReportPageTest {
  private static final List<String> BROWSERS =
      List.of("chromium", "chromium-browser", "google-chrome", "chrome");

  @TempDir Path folder;

  /// Loads a page without a window.
  ///
  /// @return what it printed
  private String browse(Path errors, String... arguments) throws Exception {
    List<Path> found =
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .flatMap(place -> BROWSERS.stream().map(name -> Path.of(place, name)))
            .filter(Files::isExecutable)
            .toList();
    assumeThat(found).as("Chromium, among the programs of this machine").isNotEmpty();
    List<String> command = new ArrayList<>();
    command.add(found.getFirst().toString());
    command.addAll(
        List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--user-data-dir=" + folder.resolve("profile")));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("out.txt");
    Process browser =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(errors.toFile())
            .start();
    boolean ended = browser.waitFor(2, TimeUnit.MINUTES);
    browser.destroyForcibly();
    assertThat(ended).as("the browser ended").isTrue();
    return Files.readString(out);
  }

  private Path page() throws IOException {
    Report report =
        Report.of(SampleRun.corpus(3000), SampleRun.throughput(8, 61), SampleRun.facts(3000, null));
    Path page = folder.resolve("report.html");
    Files.write(page, report.html());
    return page;
  }

  @Test
  void aBrowserFindsNothingToComplainOfAndAllCharts() throws Exception {
    Path page = page();
    Path errors = folder.resolve("errors.txt");

    String document = browse(errors, "--dump-dom", page.toUri().toString());

    assertThat(Files.readString(errors)).doesNotContain("CONSOLE");
    assertThat(
            Pattern.compile("<svg[^>]*role=\"img\" aria-label=\"([^\"]*)\"")
                .matcher(document)
                .results()
                .map(match -> match.group(1))
                .filter(title -> !title.startsWith("prefill ")))
        .containsExactly(
            "Completion tokens per second, by executor",
            "Prompt tokens per second, by executor",
            "Prompt: rows by tokens of a row's prompt",
            "Completion: rows by tokens generated for a row",
            "Prompt tokens from the prefix cache",
            "Queue: rows by time until a row's first step",
            "Prefill: rows by time from there to its first token",
            "Decode: rows by time from there to its end",
            "no text: 43 rows",
            "prompt too long: 16 rows");
    assertThat(Pattern.compile("<h2>([^<]*)</h2>").matcher(document).results().map(m -> m.group(1)))
        .containsExactly("Throughput", "Tokens", "Latency", "Failures", "Slowest rows", "The run");
    assertThat(document).contains("2 others");
  }

  @Test
  void aBrowserWouldHaveSaidSo() throws Exception {
    Path page = folder.resolve("report.html");
    Files.writeString(
        page, Files.readString(page()).replace("</main>", "<script>alert(1)</script></main>"));
    Path errors = folder.resolve("errors.txt");

    browse(errors, "--dump-dom", page.toUri().toString());

    assertThat(Files.readString(errors)).contains("CONSOLE").contains("Content Security Policy");
  }
}
