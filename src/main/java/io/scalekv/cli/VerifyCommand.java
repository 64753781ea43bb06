package io.scalekv.cli;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellJson;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.CellRunner;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.Machine;
import io.scalekv.experiment.PromptTexts;
import io.scalekv.experiment.ResultDifferences;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Derives results again and compares. */
@Command(
    name = "verify",
    description =
        "Derive a result again from what its folder says and compare every number; time, host and"
            + " memory may differ.")
final class VerifyCommand implements Callable<Integer> {
  /** What came of one result; {@code note} where the machine may be the reason, else null. */
  record Verified(String file, String id, boolean same, List<String> differences, String note) {}

  @Spec private CommandSpec spec;
  @Mixin private NetOptions netOptions;
  @Mixin private EngineOptions engine;
  @Mixin private JsonOption json;

  @Parameters(
      paramLabel = "RESULT",
      arity = "1..*",
      description = "Folders of results, or result files runs/ID.json.")
  private List<Path> files = List.of();

  @Option(
      names = "--reference",
      paramLabel = "DIR",
      description = "Trust the full cache's images in this folder (default: draw them again).")
  private Path reference;

  @Override
  public Integer call() throws IOException {
    List<Verified> verified = new ArrayList<>();
    for (Path file : files) {
      if (Files.isDirectory(file)) {
        Results results = Results.read(file);
        if (results.cells().isEmpty()) {
          throw new IllegalArgumentException(file + " holds no finished run");
        }
        for (CellResult result : results.cells().values()) {
          verified.add(verify(file, result));
        }
      } else {
        CellResult result = CellJson.read(file);
        verified.add(verify(file.toAbsolutePath().normalize().getParent().getParent(), result));
      }
    }
    json.print(spec.commandLine().getOut(), verified, VerifyCommand::text);
    return verified.stream().allMatch(Verified::same) ? 0 : Failure.WHILE_WORKING;
  }

  private Verified verify(Path folder, CellResult recorded) throws IOException {
    if (folder == null || !Files.isRegularFile(folder.resolve(ExperimentFile.NAME))) {
      throw new IllegalArgumentException(
          "run " + recorded.id() + ": missing " + ExperimentFile.NAME + " in the folder above");
    }
    ExperimentFile experiment = ExperimentFile.read(folder);
    Path scratch = Files.createTempDirectory("scalekv-verify");
    try {
      CellResult derived =
          derive(
              recorded,
              experiment,
              experiment
                  .model()
                  .resolve(
                      name ->
                          ExperimentSpec.resolve(name, folder.resolve(ExperimentFile.NAME))
                              .toString()),
              reference == null ? scratch.resolve("reference") : reference);
      List<String> differences = ResultDifferences.of(recorded, derived);
      boolean same = differences.isEmpty();
      String note =
          same ? null : machines(recorded.provenance().machine(), derived.provenance().machine());
      return new Verified(folder.toString(), recorded.id(), same, differences, note);
    } finally {
      delete(scratch);
    }
  }

  private CellResult derive(
      CellResult recorded, ExperimentFile experiment, ModelChoice choice, Path references)
      throws IOException {
    Cell cell = recorded.cell();
    ModelConfig config = choice.config();
    CellRunner.Context context =
        ExperimentSetup.context(
            recorded.provenance().experiment(),
            recorded.provenance().specSha256(),
            references,
            PromptTexts.of(experiment.promptSets()),
            ShippedCalibrations.of(choice),
            netOptions.nets(),
            engine);
    boolean weightless = cell.kind() == Cell.Kind.MEMORY;
    try (ImageModel model =
            weightless
                ? null
                : choice.open(
                    LoadOptions.of(cell.model().dtype().equals("bf16")), LoadListener.NONE);
        CellRunner runner = new CellRunner(config, model, context)) {
      return runner.run(cell, null, new RunProgress(engine.quiet(), spec.commandLine().getErr()));
    }
  }

  /**
   * Other processors and other numbers of threads round otherwise; null where they are the same.
   */
  private static String machines(Machine recorded, Machine here) {
    if (recorded.cpu().equals(here.cpu()) && recorded.threads() == here.threads()) {
      return null;
    }
    return String.format(
        "recorded on %s with --threads %d, derived on %s with %d: rounding may be all that differs",
        recorded.cpu(), recorded.threads(), here.cpu(), here.threads());
  }

  private static void delete(Path folder) throws IOException {
    List<Path> left;
    try (Stream<Path> files = Files.walk(folder)) {
      left = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : left) {
      Files.delete(path);
    }
  }

  private static String text(List<Verified> all) {
    StringBuilder t = new StringBuilder();
    for (Verified v : all) {
      t.append(t.isEmpty() ? "" : System.lineSeparator());
      t.append(v.file()).append(" ").append(v.id()).append(v.same() ? ": same" : ": differs");
      v.differences().forEach(d -> t.append(System.lineSeparator()).append("  ").append(d));
      if (v.note() != null) {
        t.append(System.lineSeparator()).append("  ").append(v.note());
      }
    }
    return t.toString();
  }
}
