package io.scalekv.cli;

import io.scalekv.experiment.SourceCommit;
import io.scalekv.experiment.bench.PowerLaw;
import io.scalekv.experiment.bench.SpeedRun;
import io.scalekv.model.Schedules;
import io.scalekv.report.SpeedReport;
import io.scalekv.tensor.Cancellation;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Time and memory as something grows: every point is a process of its own. */
@Command(
    name = "growth",
    description =
        "Measure time and memory as tokens, batch or layers grow, each point by bench speed in a"
            + " process of its own, and fit the exponent. Points that were measured are kept: it"
            + " can be stopped and resumed.")
final class BenchGrowthCommand implements Callable<Integer> {
  /** What grows. */
  private enum Axis {
    TOKENS("tokens of all maps", Schedules.SIZES, r -> r.setup().tokens()),
    BATCH("images of a batch", List.of("1", "2", "4", "8", "16"), r -> r.setup().batch()),
    LAYERS("layers", List.of("2", "4", "8", "12"), r -> r.setup().layers());

    private final String label;
    private final List<String> points;
    private final ToDoubleFunction<SpeedRun> x;

    Axis(String label, List<String> points, ToDoubleFunction<SpeedRun> x) {
      this.label = label;
      this.points = points;
      this.x = x;
    }

    String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What the command reports. */
  record Report(String axis, List<SpeedReport.Growth> growth, int measured, int kept) {}

  private static final int HEAD_WIDTH = 64;
  private static final int FULL_DEPTH = 12;
  private static final int TEXT_TOKENS = 20;

  @Spec private CommandSpec spec;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--axis",
      paramLabel = "tokens|batch|layers",
      required = true,
      description =
          "What grows: the image (12 layers x --width, codes alone), the batch (pocket, with its"
              + " tokenizer) or the layers (of --width at --size, codes alone).")
  private String axisName;

  @Option(
      names = "--points",
      paramLabel = "P",
      split = ",",
      description = "Sizes, or numbers of images or layers (default: all sizes; 1 to 16; 2 to 12).")
  private List<String> points = List.of();

  @Option(
      names = "--policies",
      paramLabel = "P",
      split = ";",
      defaultValue = "full;scalekv",
      description = "One line of the figure each (default: full;scalekv).")
  private List<String> policies = List.of();

  @Option(
      names = "--budget",
      paramLabel = "B",
      defaultValue = "10%",
      description = "Of the policies that cut (default: 10%%).")
  private String budget = "10%";

  @Option(
      names = "--width",
      paramLabel = "C",
      defaultValue = "768",
      description = "Channels; heads are 64 wide (default: ${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      defaultValue = "0.25M",
      description = "Size of the image where layers grow (default: ${DEFAULT-VALUE}).")
  private String size;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      defaultValue = "3",
      description = "Generations of a point, after one that warms up (default: ${DEFAULT-VALUE}).")
  private int repeats;

  @Option(
      names = "--in-process",
      hidden = true,
      description = "All points in this process: quicker, peak memory is then that of all of them.")
  private boolean inProcess;

  @Option(
      names = "--gemm-side",
      hidden = true,
      defaultValue = "1024",
      description = "As bench speed.")
  private int gemmSide;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Results folder.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Axis axis = axis();
    Check.range("--width", width, HEAD_WIDTH, 1 << 14);
    Check.range("--repeats", repeats, 1, 1000);
    if (width % HEAD_WIDTH != 0) {
      throw new IllegalArgumentException("--width: a multiple of 64 expected, got " + width);
    }
    List<String> chosen = points.isEmpty() ? axis.points : points;
    if (chosen.stream().distinct().count() < 2 || policies.isEmpty()) {
      throw new IllegalArgumentException(
          "--points, --policies: two points and a policy expected, got " + chosen + policies);
    }
    OutputFolder.prepare(out);
    int kept = 0;
    List<SpeedReport.Line> lines = new ArrayList<>();
    try (Progress progress =
        Progress.of(
            "growth",
            (long) policies.size() * chosen.size(),
            global.quiet(),
            spec.commandLine().getErr())) {
      for (String policy : policies) {
        List<SpeedRun> runs = new ArrayList<>();
        for (String point : chosen) {
          String name = name(axis, policy, point);
          Path file = SpeedRuns.file(out, name);
          if (measured(file)) {
            kept++;
          } else {
            measure(words(axis, policy, point, name));
          }
          runs.add(SpeedRuns.read(file));
          progress.step(name);
        }
        runs.sort(Comparator.comparingDouble(axis.x));
        lines.add(
            new SpeedReport.Line(
                policy, runs.stream().mapToDouble(axis.x).toArray(), List.copyOf(runs)));
      }
    }
    List<SpeedReport.Growth> growth = SpeedReport.growth(out, axis.key(), axis.label, lines);
    int all = policies.size() * chosen.size();
    Report report = new Report(axis.key(), growth, all - kept, kept);
    json.print(spec.commandLine().getOut(), report, this::text);
    return 0;
  }

  private Axis axis() {
    Check.oneOf("--axis", axisName, "tokens", "batch", "layers");
    return Axis.valueOf(axisName.toUpperCase(Locale.ROOT));
  }

  private String name(Axis axis, String policy, String point) {
    String shape = axis == Axis.BATCH ? "pocket" : "w" + width;
    String fixed = axis == Axis.LAYERS ? "-" + size : "";
    return (axis.key() + "-" + shape + fixed + "-" + global.dtype() + "-" + policy + "-" + point)
        .replaceAll("[^A-Za-z0-9.-]+", "_");
  }

  /** Whether the point was measured by the same sources on the same machine. */
  private boolean measured(Path file) throws IOException {
    if (!Files.exists(file)) {
      return false;
    }
    SpeedRun run = SpeedRuns.read(file);
    return run.commit().equals(SourceCommit.current())
        && run.machine().equals(SpeedRuns.machine(global))
        && run.software().equals(SpeedRuns.software())
        && run.generations().size() == repeats;
  }

  /** The words of bench speed for one point. */
  private List<String> words(Axis axis, String policy, String point, String name) {
    List<String> words = new ArrayList<>(List.of("bench", "speed"));
    if (axis == Axis.BATCH) {
      words.addAll(List.of("--model", "pocket", "--batch", point));
    } else {
      String depth = axis == Axis.LAYERS ? point : "" + FULL_DEPTH;
      words.addAll(List.of("--model", "infinity-2b", "--random-weights", "1", "--no-image"));
      words.addAll(List.of("--depth", depth, "--width", "" + width));
      words.addAll(List.of("--heads", "" + width / HEAD_WIDTH));
      words.addAll(List.of("--text-tokens", "" + TEXT_TOKENS));
      words.addAll(List.of("--size", axis == Axis.TOKENS ? point : size));
    }
    words.addAll(List.of("--policy", policy, "--budget", budget, "--dtype", global.dtype()));
    words.addAll(List.of("--seed", "" + global.seed(), "--repeats", "" + repeats, "--quiet"));
    global.threads().ifPresent(t -> words.addAll(List.of("--threads", "" + t)));
    words.addAll(List.of("--gemm-side", "" + gemmSide));
    words.addAll(List.of("--name", name, "--out", out.toString()));
    return words;
  }

  private void measure(List<String> words) throws IOException {
    if (inProcess) {
      StringWriter err = new StringWriter();
      String[] args = words.toArray(String[]::new);
      int code =
          Main.run(
              new PrintWriter(new StringWriter()),
              new PrintWriter(err),
              List.of(new BenchCommand()),
              args);
      refuse(code, err.toString(), words);
      return;
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command =
        new ArrayList<>(List.of(java, "-XX:MaxRAMPercentage=25", "-Djava.awt.headless=true"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(words);
    Path err = Files.createTempFile("scalekv", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(err.toFile())
              .start();
      try {
        while (!process.waitFor(200, TimeUnit.MILLISECONDS)) {
          Cancellation.check();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("growth: interrupted", e);
      } finally {
        process.destroy();
      }
      refuse(process.exitValue(), Files.readString(err, StandardCharsets.UTF_8), words);
    } finally {
      Files.deleteIfExists(err);
    }
  }

  /** A point that could not be measured is told in the words of its own command. */
  private static void refuse(int code, String err, List<String> words) {
    if (code == Failure.BAD_INPUT) {
      throw new IllegalArgumentException(last(err));
    }
    if (code != 0) {
      throw new IllegalStateException(String.join(" ", words) + ": " + last(err));
    }
  }

  private static String last(String err) {
    return err.strip().lines().reduce("no message", (a, b) -> b);
  }

  private String text(Report r) {
    StringBuilder t = new StringBuilder();
    t.append(String.format("%d points measured, %d kept", r.measured(), r.kept()));
    for (SpeedReport.Growth g : r.growth()) {
      PowerLaw p = g.law();
      t.append(
          String.format(
              Locale.ROOT,
              "%n%-24s %-12s ~ %s^%.2f  95 %% [%.2f, %.2f], %d points",
              g.line(),
              g.measure(),
              r.axis(),
              p.exponent(),
              p.low(),
              p.high(),
              p.points()));
    }
    return t.append(String.format("%n%s", out.resolve("growth-" + r.axis() + ".md"))).toString();
  }
}
