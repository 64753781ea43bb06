package io.scalekv.cli;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyKind;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.MemoryTable;
import io.scalekv.experiment.UserNets;
import io.scalekv.io.Numbers;
import io.scalekv.io.Software;
import io.scalekv.io.TextFile;
import io.scalekv.metrics.LpipsRange;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.PerScale;
import io.scalekv.model.RandomWeights;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.TopKeys;
import io.scalekv.report.Export;
import io.scalekv.roles.CalibrationShard;
import io.scalekv.tensor.Cancellation;
import io.scalekv.vocabtrim.trim.MappingForm;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jline.utils.Signals;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Root command. Every command ends with exit code 0 (done), 1 (failed while working), 2 (wrong
 * usage or bad input) or 130 (interrupted), with the reason in one line on stderr.
 */
@Command(
    name = "scalekv",
    description = "KV-cache compression of visual autoregressive models: calibrate, draw, measure.",
    versionProvider = Main.Version.class)
public final class Main implements Callable<Integer> {
  /** Every command, in the order of the help text. */
  static List<Object> commands() {
    return List.of(
        new CalibrateCommand(),
        new CompletionCommand(),
        new ExportCommand(),
        new GenerateCommand(),
        new HelpCommand(),
        new ListCommand(),
        new MemoryCommand(),
        new ModelsCommand(),
        new ProfileCommand(),
        new RecommendCommand(),
        new ReportCommand(),
        new ReproduceCommand(),
        new RolesCommand(),
        new ScoreCommand(),
        new StudyCommand(),
        new SweepCommand(),
        new TracesCommand(),
        TrainCommand.create(),
        new VerifyCommand(),
        new VocabTrimCommand());
  }

  /** Label of options and parameters that take a folder. */
  private static final String FOLDER = "DIR";

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error (as SCALEKV_DEBUG=1 does).")
  private boolean debug;

  @Spec private CommandSpec spec;

  private List<String> words = List.of();

  private Main() {}

  /** Prints what the program is and three commands to begin with. */
  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    out.println("ScaleKV Lab: KV-cache compression of visual autoregressive models.");
    out.println("Calibrates roles of layers and scales, draws images with compressed caches, and");
    out.println("measures their fidelity and memory. Commands to begin with:");
    out.println(
        "  ./scalekv generate --prompt 'a large solid red circle at center on a plain blue"
            + " background' --policy scalekv --budget 10% --out out/first");
    out.println("  ./scalekv memory --model infinity-2b --policy scalekv --budget 10%");
    out.println("  ./scalekv --help");
    return 0;
  }

  /**
   * Runs one command and ends the process with its exit code.
   *
   * @param args the words after {@code ./scalekv}
   */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    stopOnSignal(err);
    int code = run(out, err, commands(), args);
    out.flush();
    err.flush();
    System.exit(code);
  }

  /** The first signal asks the work to stop at a safe point, the second ends the process. */
  private static void stopOnSignal(PrintWriter err) {
    for (String signal : List.of("INT", "TERM")) {
      Signals.register(
          signal,
          () -> {
            if (Cancellation.requested()) {
              Runtime.getRuntime().halt(Failure.STOPPED);
            }
            err.println("scalekv: stopping at the next safe point");
            Cancellation.request();
          });
    }
  }

  /**
   * Runs one command in this process.
   *
   * @param out receives the result
   * @param err receives progress and the line of an error
   * @param commands objects annotated with {@link Command}
   * @param args the words after {@code ./scalekv}
   * @return the exit code
   */
  static int run(PrintWriter out, PrintWriter err, List<Object> commands, String... args) {
    CommandLine root = commandLine(out, err, commands);
    Main main = root.getCommand();
    main.words = List.of(args);
    try {
      return root.execute(args);
    } catch (Error error) { // no memory, a native library that does not load
      ParseResult parsed = root.getParseResult();
      CommandSpec spec = parsed == null ? root.getCommandSpec() : deepest(parsed).commandSpec();
      return main.failed(spec, error);
    }
  }

  /** Returns the root command with its converters, help and error handling. */
  static CommandLine commandLine(PrintWriter out, PrintWriter err, List<Object> commands) {
    Main main = new Main();
    CommandLine root = new CommandLine(main);
    commands.forEach(root::addSubcommand);
    helpEverywhere(root.getCommandSpec());
    root.setOut(out);
    root.setErr(err);
    root.setExpandAtFiles(false); // a prompt may begin with @
    root.setAllowOptionsAsOptionParameters(true); // or with -
    root.getSubcommands().values().stream()
        .filter(c -> c.getCommandSpec().options().stream().anyMatch(Main::takesAnOptionalValue))
        .forEach(c -> c.setAllowOptionsAsOptionParameters(false));
    root.registerConverter(Path.class, Main::path);
    root.registerConverter(Integer.class, Numbers::integer);
    root.registerConverter(int.class, Numbers::integer);
    root.registerConverter(Long.class, Numbers::whole);
    root.registerConverter(long.class, Numbers::whole);
    root.registerConverter(Double.class, Numbers::real);
    root.registerConverter(double.class, Numbers::real);
    root.registerConverter(ComputeDevice.class, Choice.of(ComputeDevice.class));
    root.registerConverter(ModelOptions.Dtype.class, Choice.of(ModelOptions.Dtype.class));
    root.registerConverter(
        MappingForm.class, new Choice<>(List.of(MappingForm.values()), MappingForm::key));
    root.registerConverter(
        RolesExportCommand.Format.class, Choice.of(RolesExportCommand.Format.class));
    root.registerConverter(
        LayerStatistic.class,
        new Choice<>(List.of(LayerStatistic.values()), LayerStatistic::cliName));
    root.registerConverter(
        LpipsRange.class, new Choice<>(List.of(LpipsRange.values()), UserNets::range));
    root.registerConverter(Export.Format.class, Choice.of(Export.Format.class));
    root.registerConverter(RunnerOptions.Kind.class, Choice.of(RunnerOptions.Kind.class));
    root.registerConverter(CacheType.class, Choice.of(CacheType.class));
    root.registerConverter(MemoryTable.TokensOf.class, Choice.of(MemoryTable.TokensOf.class));
    root.registerConverter(StatisticOptions.Unsure.class, Choice.of(StatisticOptions.Unsure.class));
    root.registerConverter(Names.class, Choice.of(Names.class));
    root.registerConverter(ScoreCommand.Alpha.class, Choice.of(ScoreCommand.Alpha.class));
    root.registerConverter(ScoreCommand.Exif.class, Choice.of(ScoreCommand.Exif.class));
    root.registerConverter(Budget.class, Budget::parse);
    root.registerConverter(PerScale.class, PerScale::parse);
    root.registerConverter(PolicySpec.class, Main::policy);
    root.registerConverter(RandomWeights.class, RandomWeights::parse);
    root.registerConverter(Allocation.class, Allocation::parse);
    root.registerConverter(TopKeys.class, TopKeys::parse);
    root.registerConverter(CalibrationShard.class, CalibrationShard::parse);
    root.setUsageHelpWidth(100);
    root.setExecutionStrategy(Main::execute);
    root.setParameterExceptionHandler((exception, unused) -> main.misused(exception));
    root.setExecutionExceptionHandler(
        (exception, command, parsed) -> main.failed(command.getCommandSpec(), exception));
    return root;
  }

  private static boolean takesAnOptionalValue(OptionSpec option) {
    return option.arity().min() == 0 && option.arity().max() > 0;
  }

  private static int execute(ParseResult parsed) {
    ParseResult command = deepest(parsed);
    for (ArgSpec arg : command.matchedArgs()) {
      for (Object value : arg.typedValues()) {
        if (FOLDER.equals(arg.paramLabel())
            && value instanceof Path path
            && Files.isRegularFile(path)) {
          String name = arg instanceof OptionSpec option ? option.longestName() : FOLDER;
          throw new ParameterException(
              command.commandSpec().commandLine(),
              name + " must be a folder, got " + path + ": a file",
              arg,
              path.toString());
        }
      }
    }
    return new RunLast().execute(parsed);
  }

  /** Reads a path; a word that begins with - is an option whose value was forgotten. */
  private static Path path(String text) {
    if (text.isBlank() || text.startsWith("-")) {
      throw new TypeConversionException(
          "must be a path%s, got %s"
              .formatted(
                  text.isBlank() ? "" : " (./" + text + " if it is one)",
                  text.isBlank() ? "an empty text" : text));
    }
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw new TypeConversionException("must be a path, got " + text + ": " + e.getReason());
    }
    boolean there = Files.exists(path);
    boolean usual = Files.isRegularFile(path) || Files.isDirectory(path);
    if (there ? !usual : Files.isSymbolicLink(path)) {
      throw new TypeConversionException(
          "must be a file or folder, got " + text + ": " + TextFile.kind(path));
    }
    return path;
  }

  /** Reads a policy whose name and settings are known. */
  static PolicySpec policy(String text) {
    PolicySpec policy = PolicySpec.parse(text);
    List<String> names = Policies.all().stream().map(PolicyKind::name).toList();
    if (!names.contains(policy.name())) {
      throw new TypeConversionException(
          "must be a name of ./scalekv list policies, got %s%s"
              .formatted(policy.name(), Choice.near(policy.name(), names)));
    }
    Policies.kind(policy);
    return policy;
  }

  private static void helpEverywhere(CommandSpec spec) {
    spec.commandLine()
        .getHelpSectionMap()
        .put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpGroup.Heading::render);
    String[] examples =
        Stream.of(spec.usageMessage().footer())
            .filter(line -> line.startsWith("  "))
            .toArray(String[]::new);
    if (examples.length > 0) {
      spec.usageMessage().footerHeading("%nExamples:%n");
      spec.usageMessage().footer(examples);
    }
    spec.usageMessage().abbreviateSynopsis(true);
    if (!spec.mixinStandardHelpOptions()) {
      spec.mixinStandardHelpOptions(true);
    }
    spec.versionProvider(new Version());
    spec.subcommands().values().forEach(sub -> helpEverywhere(sub.getCommandSpec()));
  }

  private static ParseResult deepest(ParseResult parsed) {
    ParseResult result = parsed;
    while (result.hasSubcommand()) {
      result = result.subcommand();
    }
    return result;
  }

  private int misused(ParameterException exception) {
    CommandLine command = exception.getCommandLine();
    StringBuilder line = new StringBuilder(Failure.oneLine(reason(exception)));
    if (exception instanceof UnmatchedArgumentException unmatched) {
      List<String> near = unmatched.getSuggestions();
      if (!near.isEmpty()) {
        line.append("; did you mean ").append(String.join(" or ", near)).append('?');
      }
    }
    String name = command.getCommandSpec().qualifiedName();
    command.getErr().printf("%s: %s (try %s --help)%n", name, line, name);
    if (json()) {
      boolean option = exception.getArgSpec() instanceof OptionSpec;
      String where = option ? ((OptionSpec) exception.getArgSpec()).longestName() : name;
      Output.error(command.getOut(), line.toString(), where, Failure.BAD_INPUT);
    }
    return Failure.BAD_INPUT;
  }

  /** Returns the option and what its converter says of the value, else picocli's message. */
  private static String reason(ParameterException exception) {
    Throwable cause = exception.getCause();
    if (!(exception.getArgSpec() instanceof OptionSpec option) || cause == null) {
      return exception.getMessage().replace("option option", "option"); // as picocli writes it
    }
    String said = String.valueOf(cause.getMessage());
    boolean predicate = said.startsWith("must be ");
    return option.longestName() + (predicate ? " " : ": ") + said;
  }

  private int failed(CommandSpec spec, Throwable error) {
    PrintWriter err = spec.commandLine().getErr();
    Failure failure = Failure.of(error);
    err.printf("%s: %s%n", spec.qualifiedName(), failure.message());
    if (failure.exitCode() == Failure.STOPPED && Output.resumable(spec)) {
      err.printf("to resume, run: %s%n", Output.typed(words));
    }
    if (debug || System.getenv("SCALEKV_DEBUG") != null) {
      error.printStackTrace(err);
    }
    if (json()) {
      PrintWriter out = spec.commandLine().getOut();
      Output.error(out, failure.message(), spec.qualifiedName(), failure.exitCode());
    }
    return failure.exitCode();
  }

  /**
   * Returns whether an error is to be printed as JSON too, even if the words could not be parsed.
   */
  private boolean json() {
    return words.stream().takeWhile(w -> !w.equals("--")).anyMatch("--json"::equals);
  }

  /** Output of {@code --version}. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return Software.current().toString().split("\\R");
    }
  }
}
