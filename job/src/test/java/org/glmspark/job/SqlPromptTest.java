package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SqlPromptTest {
  private static final int SIGINT = 2;

  private static SparkSession spark;

  @BeforeAll
  static void startSpark() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("tests")
            .config("spark.ui.enabled", false)
            .config("spark.log.level", "OFF") // statements fail, and say why
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    spark.stop();
  }

  /// Sends an interrupt to this process, as a terminal does, once the first task runs.
  private static final class InterruptTheFirstTask extends SparkListener {
    private boolean done;

    @Override
    public void onTaskStart(SparkListenerTaskStart started) {
      if (!done) {
        done = true;
        try {
          new ProcessBuilder("kill", "-INT", String.valueOf(ProcessHandle.current().pid())).start();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private final List<String> prompts = new ArrayList<>();

  /// What the terminal shows where these lines are typed.
  private List<String> typed(String... lines) {
    var shown = new StringWriter();
    var out = new PrintWriter(shown, true);
    Iterator<String> rest = List.of(lines).iterator();
    new SqlPrompt(
            spark,
            new SqlPrinter(SqlPrinter.Format.TABLE, 80, out),
            prompt -> {
              prompts.add(prompt);
              return rest.hasNext() ? rest.next() : null;
            },
            out)
        .run();
    return shown
        .toString()
        .lines()
        .skip(1) // how to leave
        .map(line -> line.replaceFirst("\\d+\\.\\d s$", "TIME"))
        .toList();
  }

  @Test
  void runsAStatementWhenItsSemicolonHasCome() {
    assertThat(
            typed("SELECT 'a;b' AS x, -- one; two", "  1 AS y", ";", "SELECT 1; SELECT 2;", "exit"))
        .containsExactly(
            "x    y",
            "───  ─",
            "a;b  1",
            "1 row, TIME", //
            "1",
            "─",
            "1",
            "1 row, TIME",
            "2",
            "─",
            "2",
            "1 row, TIME");
    assertThat(prompts).containsExactly("glm> ", "   > ", "   > ", "glm> ", "glm> ");
  }

  @Test
  void goesOnAfterAStatementThatFails() {
    assertThat(typed("SELEC 1;", "SELECT raise_error('no');", "SELECT 1 AS one;"))
        .containsExactly(
            "[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'. SQLSTATE: 42601 (line 1, pos 0)",
            "[USER_RAISED_EXCEPTION] no SQLSTATE: P0001",
            "one",
            "───",
            "1",
            "1 row, TIME");
  }

  /// A shell lets what it starts in the background ignore interrupts, and a JVM keeps to that.
  private static boolean takesInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    return !Files.exists(status)
        || Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .map(line -> Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16))
            .allMatch(ignored -> (ignored & (1 << (SIGINT - 1))) == 0);
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void anInterruptCancelsTheStatementAndNothingElse() throws IOException {
    assumeThat(takesInterrupts()).as("this JVM was started so that it ignores SIGINT").isTrue();
    var interrupt = new InterruptTheFirstTask();
    spark.sparkContext().addSparkListener(interrupt);
    try {
      assertThat(typed("SELECT count(*) FROM range(1000000000000000);", "SELECT 1 AS one;"))
          .containsExactly("", "cancelled, TIME", "one", "───", "1", "1 row, TIME");
      assertThat(spark.sparkContext().statusTracker().getActiveJobIds()).isEmpty();
    } finally {
      spark.sparkContext().removeSparkListener(interrupt);
    }
  }
}
