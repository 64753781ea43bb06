package io.scalekv.train;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.var.VarModelConfig;
import io.scalekv.model.var.VqVae;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Trainers of a model family's pocket models. */
sealed interface PocketFamily {
  /** Returns the model whose shipped tokenizer serves where the recipe trains none. */
  ModelConfig tokenizerOf();

  /** Trains the tokenizer and writes its averaged weights. */
  void trainTokenizer(PocketTraining.Options o, Path result, Consumer<String> log);

  /**
   * Trains the transformer and writes its averaged weights into the folder.
   *
   * @param tokenizer its weights
   * @param start weights to start from, or null
   */
  void trainTransformer(
      PocketTraining.Options o, Weights tokenizer, Weights start, Consumer<String> log);

  /**
   * Returns the trainers of a model.
   *
   * @throws IllegalArgumentException if its family has none
   */
  static PocketFamily of(ModelConfig config) {
    return config instanceof VarModelConfig v
        ? new Classes(v)
        : new Captions(InfinityModelConfig.cast(config));
  }

  private static TokenizerRun tokenizerRun(
      PocketTraining.Options o, ModelConfig config, int batch, double learningRate, Path result) {
    return new TokenizerRun(config.schedule(Optional.empty(), 1), batch, learningRate, o, result);
  }

  private static TransformerRun transformerRun(
      PocketTraining.Options o, ModelConfig config, Weights start) {
    Recipe r = o.recipe();
    ScaleSchedule schedule = config.schedule(Optional.empty(), 1);
    ScaleBatches batches =
        new ScaleBatches(schedule, r.curriculum(), r.tokens(), r.steps(), r.seed());
    return new TransformerRun(batches, o, start);
  }

  /** Infinity: bits, conditioned on captions. */
  record Captions(InfinityModelConfig config) implements PocketFamily {
    @Override
    public ModelConfig tokenizerOf() {
      return ModelCatalog.config(ModelChoice.DEFAULT);
    }

    @Override
    public void trainTokenizer(PocketTraining.Options o, Path result, Consumer<String> log) {
      VaeTrainer.train(config.tokenizer(), tokenizerRun(o, config, 16, 2e-3, result), log);
    }

    @Override
    public void trainTransformer(
        PocketTraining.Options o, Weights tokenizer, Weights start, Consumer<String> log) {
      PocketTrainer.train(
          config.transformer(),
          new Vae(config.tokenizer(), tokenizer),
          config.rotaryMap(1),
          transformerRun(o, config, start),
          log);
    }
  }

  /** VAR: codes of a codebook, conditioned on classes. */
  record Classes(VarModelConfig config) implements PocketFamily {
    @Override
    public ModelConfig tokenizerOf() {
      return config;
    }

    @Override
    public void trainTokenizer(PocketTraining.Options o, Path result, Consumer<String> log) {
      VqVaeTrainer.train(config.tokenizer(), tokenizerRun(o, config, 8, 3e-3, result), log);
    }

    @Override
    public void trainTransformer(
        PocketTraining.Options o, Weights tokenizer, Weights start, Consumer<String> log) {
      VqVae vae = new VqVae(config.tokenizer(), tokenizer);
      VarTrainer.train(config.transformer(), vae, transformerRun(o, config, start), log);
    }
  }
}
