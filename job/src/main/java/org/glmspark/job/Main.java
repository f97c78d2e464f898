package org.glmspark.job;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.glmspark.format.MalformedModelException;
import org.glmspark.job.options.JobFileException;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.options.RefusedException;
import org.glmspark.model.EngineVersion;
import org.glmspark.pack.PackingException;
import org.glmspark.udfs.distribution.ModelCopyException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// The program behind `bin/glm` and `spark-submit --class org.glmspark.job.Main glm-spark.jar`.
///
/// Exit codes: 0 for done, 1 for a run that failed or was refused, 2 for a command or job file that
/// cannot be understood, 3 for a run that a limit stopped while rows were left.
@Command(
    name = "glm",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = "GLM chat models inside Apache Spark, on CPUs.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {"", "Example:", "  glm run"})
public final class Main {
  /// The exit code of a run that stopped at a limit: what is done is committed, and the same
  /// command goes on.
  static final int WORK_REMAINS = 3;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "with an error, say where in the program it arose")
  private boolean stacktrace;

  private Main() {}

  /// Says which version this is.
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"glm-spark " + EngineVersion.current()};
    }
  }

  /// Runs a command. Ends the JVM only after a failure: a cluster manager takes an early end for
  /// one.
  public static void main(String... arguments) {
    Path home = Path.of(System.getProperty("glm.home", ""));
    int code =
        run(
            home,
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            arguments);
    if (code != 0) {
      System.exit(code);
    }
  }

  /// Runs a command.
  ///
  /// @param home the project's folder, for the default job and model
  /// @return the exit code
  static int run(Path home, PrintWriter out, PrintWriter err, String... arguments) {
    Main main = new Main();
    CommandLine program = new CommandLine(main);
    addCommands(program, home, arguments);
    program
        .setOut(out)
        .setErr(err)
        .setUsageHelpAutoWidth(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, _) -> main.misused(e))
        .setExecutionExceptionHandler((e, command, _) -> main.failed(e, command));
    return program.execute(arguments);
  }

  /// Adds the command that the first argument names, otherwise all: what picocli finds out about a
  /// command takes time before a program has begun.
  private static void addCommands(CommandLine program, Path home, String... arguments) {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("run", () -> runCommand(home));
    commands.put("verify", VerifyCommand::new);
    commands.put("sql", () -> new SqlCommand(home));
    commands.put("generate", () -> new GenerateCommand(home));
    commands.put("pack", PackCommand::new);
    commands.put("inspect", InspectCommand::new);
    commands.put("tokenize", TokenizeCommand::new);
    commands.put("perplexity", PerplexityCommand::new);
    commands.put("bench", BenchCommand::new);
    if (arguments.length > 0) {
      Supplier<Object> named = commands.get(arguments[0]);
      if (named != null) {
        program.addSubcommand(arguments[0], named.get());
        return;
      }
    }
    commands.forEach((name, command) -> program.addSubcommand(name, command.get()));
  }

  private static CommandLine runCommand(Path home) {
    CommandLine run = new CommandLine(new RunCommand(home));
    addJobFileKeys(run.getCommandSpec().usageMessage());
    return run;
  }

  private int misused(CommandLine.ParameterException e) {
    CommandLine command = e.getCommandLine();
    String sentence = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    command
        .getErr()
        .println("%s; see %s --help".formatted(sentence, command.getCommandSpec().qualifiedName()));
    showStack(e, command);
    return CommandLine.ExitCode.USAGE;
  }

  private int failed(Exception e, CommandLine command) {
    if (!isForUsers(e)) {
      e.printStackTrace(command.getErr());
      return CommandLine.ExitCode.SOFTWARE;
    }
    command.getErr().println(e.getMessage());
    showStack(e, command);
    return e instanceof JobFileException
        ? CommandLine.ExitCode.USAGE
        : CommandLine.ExitCode.SOFTWARE;
  }

  private void showStack(Exception e, CommandLine command) {
    if (stacktrace) {
      e.printStackTrace(command.getErr());
    }
  }

  /// Whether the message says all that is to be said.
  private static boolean isForUsers(Exception e) {
    return e instanceof JobFileException
        || e instanceof RefusedException
        || e instanceof BrokenRunException
        || e instanceof MalformedModelException
        || e instanceof PackingException
        || e instanceof ModelCopyException;
  }

  /// Lets `glm run --help` explain the job file, in words that stand at the options themselves.
  private static void addJobFileKeys(UsageMessageSpec usage) {
    Map<String, IHelpSectionRenderer> sections = new HashMap<>(usage.sectionMap());
    sections.put("keys", Main::jobFileKeys);
    usage.sectionMap(sections);
    List<String> order = new ArrayList<>(usage.sectionKeys());
    order.add(order.indexOf(UsageMessageSpec.SECTION_KEY_FOOTER_HEADING), "keys");
    usage.sectionKeys(order);
  }

  private static String jobFileKeys(Help help) {
    Map<String, String> sentences = new LinkedHashMap<>();
    for (OptionKeys.Description key : OptionKeys.reference()) {
      String value = key.defaultValue();
      String absent =
          value == null ? " (required)" : value.equals("null") ? "" : " (default: " + value + ")";
      sentences.put(key.path(), key.sentence() + absent);
    }
    return "%nKeys of a job file:%n".formatted() + help.createTextTable(sentences);
  }
}
