package io.scalekv.experiment;

import io.scalekv.io.Software;
import io.scalekv.io.TextFile;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Experiment with its model and nets, ready to run.
 *
 * @param experiment its runs
 * @param model its model, with all folders found
 * @param file what its folder of results begins with
 * @param nets the user's nets
 * @param name of the folder of results: that of the experiment, with the model where another one
 *     was asked for, and {@code -quick} for the small version
 */
public record Sweep(
    Experiment experiment, ModelChoice model, ExperimentFile file, UserNets nets, String name) {
  /**
   * Reads and expands an experiment.
   *
   * @param specFile its YAML
   * @param quick whether to take the small version
   * @param other model in place of the experiment's, or null
   */
  public static Sweep of(Path specFile, boolean quick, ModelChoice other, UserNets nets)
      throws IOException {
    ExperimentSpec spec = ExperimentSpec.read(specFile, quick, other);
    ModelChoice model =
        spec.model().resolve(name -> ExperimentSpec.resolve(name, specFile).toString());
    ModelConfig config = model.config();
    ModelSource source = spec.kind() == ExperimentSpec.Kind.MEMORY ? null : model.source();
    Experiment experiment =
        Experiment.expand(
            spec,
            specFile,
            new Experiment.ModelFacts(
                config,
                source == null ? null : config.weightHash(source),
                source == null ? null : config.tokenizerHash(source),
                shipped(model)),
            nets.facts());
    String name =
        spec.name() + (other == null ? "" : "-" + config.name()) + (quick ? "-quick" : "");
    return new Sweep(experiment, model, experiment.file(TextFile.read(specFile)), nets, name);
  }

  /** Returns the calibration of a model whose own weights are used, if one comes with it. */
  public static Optional<Calibration> shipped(ModelChoice model) {
    return model.shipped() ? CalibrationFile.shipped(model.config().name()) : Optional.empty();
  }

  /** Whether no run needs the model's weights. */
  public boolean weightless() {
    return experiment.spec().kind() == ExperimentSpec.Kind.MEMORY;
  }

  /**
   * Facts that all runs share.
   *
   * @param threads of one tensor operation
   * @param references folder of the reference images
   */
  public RunExecutor.Context context(int threads, Path references) {
    return new RunExecutor.Context(
        file.name(),
        file.specSha256(),
        SourceCommit.current(),
        Software.current(),
        Machine.here(threads),
        references,
        experiment.prompts(),
        shipped(model),
        nets);
  }

  /**
   * Returns a runner in this process; prompts are encoded before the transformer is loaded.
   *
   * @param loading device and text embeddings; the number format is that of the experiment
   */
  public Runner local(RunExecutor.Context context, Runner.Options options, LoadOptions loading) {
    LoadOptions load =
        loading
            .withBf16(experiment.spec().dtype().equals("bf16"))
            .withTexts(
                experiment.prompts().all().values().stream()
                    .flatMap(List::stream)
                    .distinct()
                    .toList());
    Supplier<ImageModel> opener = weightless() ? null : () -> model.open(load, LoadListener.NONE);
    return (runs, listener) ->
        new RunSession(model.config(), opener, context, options).runAll(runs, listener);
  }
}
