package io.scalekv.experiment;

import io.scalekv.io.Software;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A result against the one derived again from its folder alone.
 *
 * @param folder of the result
 * @param id of the run
 * @param same whether every number is the same
 * @param differences places that differ
 * @param note the machine as a possible reason, or null
 */
public record Verification(
    String folder, String id, boolean same, List<String> differences, String note) {
  /**
   * Derives a result again.
   *
   * @param folder of the result
   * @param references trusted images of the full cache, or null to draw them again
   * @param nets the user's nets
   * @param threads of one tensor operation
   */
  public static Verification of(
      Path folder,
      RunResult recorded,
      Path references,
      UserNets nets,
      int threads,
      RunListener listener)
      throws IOException {
    Path scratch = Files.createTempDirectory("scalekv-verify");
    try {
      Path images = references == null ? scratch.resolve("reference") : references;
      RunResult derived = derive(folder, recorded, images, nets, threads, listener);
      List<String> differences = ResultDifferences.of(recorded, derived);
      String note =
          differences.isEmpty()
              ? null
              : machines(recorded.provenance().machine(), derived.provenance().machine());
      return new Verification(
          folder.toString(), recorded.id(), differences.isEmpty(), differences, note);
    } finally {
      delete(scratch);
    }
  }

  private static RunResult derive(
      Path folder,
      RunResult recorded,
      Path references,
      UserNets nets,
      int threads,
      RunListener listener)
      throws IOException {
    ExperimentFile file = ExperimentFile.read(folder);
    ModelChoice choice =
        file.model()
            .resolve(
                name ->
                    ExperimentSpec.resolve(name, folder.resolve(ExperimentFile.NAME)).toString());
    Run run = recorded.run();
    RunExecutor.Context context =
        new RunExecutor.Context(
            recorded.provenance().experiment(),
            recorded.provenance().specSha256(),
            SourceCommit.current(),
            Software.current(),
            Machine.here(threads),
            references,
            PromptTexts.of(file.promptSets()),
            Sweep.shipped(choice),
            nets);
    LoadOptions load = LoadOptions.of(run.model().dtype().equals("bf16"));
    boolean weightless = run.kind() == Run.Kind.MEMORY;
    try (ImageModel model = weightless ? null : choice.open(load, LoadListener.NONE);
        RunExecutor runner = new RunExecutor(choice.config(), model, context)) {
      return runner.run(run, null, listener);
    }
  }

  /** Other processors and numbers of threads round differently; null where they are the same. */
  private static String machines(Machine recorded, Machine here) {
    return recorded.cpu().equals(here.cpu()) && recorded.threads() == here.threads()
        ? null
        : String.format(
            "recorded on %s with --threads %d, derived on %s with %d: rounding may be all that"
                + " differs",
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
}
