package io.scalekv.cli;

import io.scalekv.experiment.CellRunner;
import io.scalekv.experiment.Experiment;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.LocalRunner;
import io.scalekv.experiment.Machine;
import io.scalekv.experiment.PromptTexts;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.experiment.Software;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.experiment.UserNets;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.roles.Calibration;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An experiment, ready to run.
 *
 * @param experiment its cells
 * @param model its model, with its folders found
 * @param config of its model
 * @param file what its folder begins with
 * @param folder of its results
 */
record ExperimentSetup(
    Experiment experiment,
    ModelChoice model,
    ModelConfig config,
    ExperimentFile file,
    Path folder) {
  /**
   * Reads and expands an experiment.
   *
   * @param specFile its YAML
   * @param quick whether to take the small version
   * @param other model to take in place of the experiment's, or null
   * @param out folder of the results, or null for {@code results/NAME}
   */
  static ExperimentSetup of(
      Path specFile, boolean quick, ModelChoice other, UserNets nets, Path out) throws IOException {
    ExperimentSpec read = ExperimentSpec.read(specFile);
    read.checkPolicies(specFile.toString());
    ExperimentSpec spec = other == null ? read : read.on(other);
    ModelChoice model =
        spec.model().resolve(name -> ExperimentSpec.resolve(name, specFile).toString());
    ModelConfig config = model.config();
    boolean weightless = spec.kind().equals(ExperimentSpec.MEMORY);
    ModelSource source = weightless ? null : model.source();
    Experiment experiment =
        Experiment.expand(
            spec,
            specFile,
            quick,
            new Experiment.ModelFacts(
                config,
                weightless ? null : config.weightHash(source),
                weightless ? null : config.tokenizerHash(source),
                ShippedCalibrations.of(model)),
            nets.facts());
    String promptFile =
        spec.prompts() == null ? null : Path.of(spec.prompts().file()).getFileName().toString();
    String name =
        spec.name() + (other == null ? "" : "-" + config.name()) + (quick ? "-quick" : "");
    return new ExperimentSetup(
        experiment,
        model,
        config,
        experiment.file(Files.readString(specFile), promptFile),
        out == null ? Path.of("results", name) : out);
  }

  /** Runs some of its cells in this process. */
  Runner.Summary run(
      List<Experiment.Planned> cells,
      UserNets nets,
      Runner.Options options,
      EngineOptions engine,
      RunProgress progress)
      throws IOException {
    return run(cells, nets, options, engine, new RunnerOptions(), progress);
  }

  /** Runs some of its cells where it is asked for. */
  Runner.Summary run(
      List<Experiment.Planned> cells,
      UserNets nets,
      Runner.Options options,
      EngineOptions engine,
      RunnerOptions runner,
      RunProgress progress)
      throws IOException {
    CellRunner.Context context =
        context(
            file.name(),
            file.specSha256(),
            options.references(),
            experiment.prompts(),
            ShippedCalibrations.of(model),
            nets,
            engine);
    if (runner.spark()) {
      return SparkRuns.run(this, cells, context, options, engine, runner, progress);
    }
    LoadOptions load = LoadOptions.of(experiment.spec().dtype().equals("bf16"));
    return new LocalRunner(config, () -> model.open(load, LoadListener.NONE), context, options)
        .run(cells, progress);
  }

  /** What stays the same for all cells of a run. */
  static CellRunner.Context context(
      String name,
      String specSha256,
      Path references,
      PromptTexts prompts,
      Optional<Calibration> shipped,
      UserNets nets,
      EngineOptions engine) {
    SoftwareVersions v = SoftwareVersions.current();
    int threads = engine.threads().orElse(Runtime.getRuntime().availableProcessors());
    return new CellRunner.Context(
        name,
        specSha256,
        SourceCommit.current(),
        new Software(v.scalekv(), v.java(), v.djl(), v.libtorch()),
        Machine.here(threads),
        references,
        prompts,
        shipped,
        nets);
  }
}
