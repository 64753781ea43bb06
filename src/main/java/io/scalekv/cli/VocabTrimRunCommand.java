package io.scalekv.cli;

import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.pair.ShippedPair;
import io.scalekv.vocabtrim.run.TrimExperiment;
import io.scalekv.vocabtrim.run.TrimResult;
import io.scalekv.vocabtrim.run.TrimSpec;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs an experiment with trimmed drafters; can be stopped and gone on with. */
@Command(
    name = "run",
    description =
        "Run a VocabTrim experiment: block efficiency, MBSU and coverage against the number of kept"
            + " tokens. Finished cells are not run again.")
final class VocabTrimRunCommand implements Callable<Integer> {
  /** What the command reports. */
  record Report(String name, String folder, int cells, List<String> lines) {}

  @Spec private CommandSpec spec;
  @Mixin private EngineOptions engine;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "SPEC.yaml", description = "Experiment.")
  private Path file;

  @Option(
      names = "--pair",
      paramLabel = "DIR",
      description = "Folder of a trained pair instead of the experiment's.")
  private Path pairFolder;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the results (default: results/vocabtrim/NAME).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    TrimSpec experiment = TrimSpec.read(file);
    Path folder =
        OutputFolder.prepare(
            out == null ? Path.of("results", "vocabtrim", experiment.name()) : out);
    PrintWriter err = spec.commandLine().getErr();
    List<TrimResult> results;
    try (ModelPair pair = pair(experiment)) {
      results =
          new TrimExperiment(
                  pair,
                  experiment,
                  engine.threads().orElse(Runtime.getRuntime().availableProcessors()),
                  line -> {
                    if (!engine.quiet()) {
                      err.println(line);
                      err.flush();
                    }
                  })
              .run(folder);
    }
    List<String> lines = VocabTrimReport.write(folder, experiment, results);
    json.print(
        spec.commandLine().getOut(),
        new Report(experiment.name(), folder.toString(), results.size(), lines),
        r -> String.join("\n", r.lines()) + "\n" + r.folder());
    return 0;
  }

  private ModelPair pair(TrimSpec experiment) {
    if (pairFolder != null) {
      return ModelPair.open(pairFolder, LoadListener.NONE);
    }
    boolean shipped = experiment.pair() == null || experiment.pair().equals(ShippedPair.NAME);
    return shipped
        ? ShippedPair.open()
        : ModelPair.open(Path.of(experiment.pair()), LoadListener.NONE);
  }
}
