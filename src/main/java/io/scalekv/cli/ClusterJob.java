package io.scalekv.cli;

import io.scalekv.experiment.CellRunner;
import io.scalekv.experiment.CellSession;
import io.scalekv.experiment.Machine;
import io.scalekv.experiment.PromptTexts;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.experiment.Software;
import io.scalekv.experiment.UserNets;
import io.scalekv.experiment.spark.CellJob;
import io.scalekv.metrics.LpipsRange;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.RandomWeights;
import io.scalekv.weights.LoadListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A run as it travels to the executors of a cluster. Paths are absolute; the machines share them.
 *
 * @param experiment its name
 * @param specSha256 hash of its file
 * @param commit of the sources
 * @param model name, or folder of its configuration
 * @param weights folder of the checkpoint files, or null
 * @param randomWeights random weights as on the command line, or null
 * @param dtype {@code fp32} or {@code bf16}
 * @param weightless whether no cell needs the model
 * @param prompts texts by hash
 * @param folder of the results
 * @param references folder of the reference images
 * @param images whether to keep the images of every cell
 * @param lpips TorchScript file, or null
 * @param lpipsRange the pixel values that it expects
 * @param inception TorchScript file, or null
 * @param threads of one tensor operation
 */
record ClusterJob(
    String experiment,
    String specSha256,
    String commit,
    String model,
    String weights,
    String randomWeights,
    String dtype,
    boolean weightless,
    HashMap<String, ArrayList<String>> prompts,
    String folder,
    String references,
    boolean images,
    String lpips,
    LpipsRange lpipsRange,
    String inception,
    int threads)
    implements CellJob {
  /** From what this process knows of the run. */
  static ClusterJob of(
      ExperimentSetup setup,
      CellRunner.Context context,
      Runner.Options options,
      boolean weightless,
      int threads) {
    ModelChoice model = setup.model();
    HashMap<String, ArrayList<String>> prompts = new HashMap<>();
    context.texts().all().forEach((hash, lines) -> prompts.put(hash, new ArrayList<>(lines)));
    return new ClusterJob(
        context.experiment(),
        context.specSha256(),
        context.commit(),
        model.named() ? model.name() : absolute(Path.of(model.name())),
        model.weights() == null ? null : absolute(Path.of(model.weights())),
        model.randomWeights() == null ? null : model.randomWeights().toString(),
        setup.experiment().spec().dtype(),
        weightless,
        prompts,
        absolute(options.folder()),
        absolute(options.references()),
        options.images(),
        absolute(context.nets().lpips()),
        context.nets().lpipsRange(),
        absolute(context.nets().inception()),
        threads);
  }

  private static String absolute(Path path) {
    return path == null ? null : path.toAbsolutePath().normalize().toString();
  }

  private static Path path(String text) {
    return text == null ? null : Path.of(text);
  }

  @Override
  public CellSession open() {
    ModelChoice choice =
        new ModelChoice(
            model, weights, randomWeights == null ? null : RandomWeights.parse(randomWeights));
    ModelConfig config = choice.config();
    SoftwareVersions v = SoftwareVersions.current();
    CellRunner.Context context =
        new CellRunner.Context(
            experiment,
            specSha256,
            commit,
            new Software(v.scalekv(), v.java(), v.djl(), v.libtorch()),
            Machine.here(threads),
            Path.of(references),
            PromptTexts.of(Map.copyOf(prompts)),
            weightless ? Optional.empty() : ShippedCalibrations.of(choice),
            new UserNets(path(lpips), lpipsRange, path(inception)));
    return new CellSession(
        config,
        weightless
            ? null
            : () -> choice.open(LoadOptions.of(dtype.equals("bf16")), LoadListener.NONE),
        context,
        new Runner.Options(Path.of(folder), Path.of(references), images, false, false));
  }
}
