package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Guidance;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.LoadedModel;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Network;
import io.scalekv.model.Prompt;
import io.scalekv.model.RandomWeights;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.vae.Vae;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * VAR's transformer, codebook with its convolutions and, where pixels are asked for, image
 * tokenizer with their weights in memory.
 */
final class VarNetwork implements Network {
  private final VarModelConfig config;
  private final Var model;
  private final VqVae tokenizer;
  private final boolean decodes;

  private VarNetwork(
      VarModelConfig config, Weights transformer, Weights tokenizer, LoadOptions options) {
    this.config = config;
    this.model = new Var(config.transformer(), transformer, options.precision()).packed();
    this.tokenizer = new VqVae(config.tokenizer(), tokenizer);
    this.decodes = options.tokenizer();
  }

  /** Loads a model, see {@link VarModelConfig#open}. */
  static ImageModel open(
      VarModelConfig config, ModelSource source, LoadOptions options, LoadListener listener) {
    Network.Loader loader =
        new Network.Loader() {
          @Override
          public Network random(NDManager manager, RandomWeights random) {
            Weights w = VarWeights.initial(manager, config.transformer(), options.precision());
            Weights tokenizer = randomTokenizer(manager, config.tokenizer(), options.tokenizer());
            return new VarNetwork(config, w, tokenizer, options);
          }

          @Override
          public Network read(NDManager manager, CheckpointFolder files) {
            Weights none = VarWeights.none(manager, options.precision());
            Weights w =
                config
                    .transformerWeights()
                    .in(files.stateDict())
                    .read(none, files.transformer(), listener);
            Weights tokenizer =
                (options.tokenizer() ? config.tokenizerWeights() : config.quantiserWeights())
                    .read(new Weights(manager), files.tokenizer(), listener);
            return new VarNetwork(config, w, tokenizer, options);
          }
        };
    return LoadedModel.open(config, source, options, listener, loader);
  }

  /** Returns random weights of the quantiser and, behind them, of encoder and decoder. */
  private static Weights randomTokenizer(NDManager manager, VqVaeConfig config, boolean whole) {
    Map<String, Shape> rest = VqVae.shapes(config);
    Map<String, Shape> quantiser = new LinkedHashMap<>(rest);
    quantiser.keySet().removeIf(name -> !name.startsWith(VarModelConfig.QUANTISER));
    rest.keySet().removeAll(quantiser.keySet());
    Weights w = new Weights(manager);
    w.putNormal(VarModelConfig.CODEBOOK, quantiser.remove(VarModelConfig.CODEBOOK), 1);
    Vae.putInitial(w, quantiser);
    if (whole) {
      Vae.putInitial(w, rest);
    }
    return w;
  }

  @Override
  public NDArray latents(
      NDManager scope,
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener) {
    ScaleSchedule schedule = config.transformer().schedule();
    Require.that(
        drawing.schedule().equals(schedule),
        "token maps of %s must be %s, got %s",
        config.name(),
        schedule.maps(),
        drawing.schedule().maps());
    Require.that(
        drawing.sampling().guidance() == Guidance.GROWING,
        "guidance of %s must be %s, got %s",
        config.name(),
        Guidance.GROWING,
        drawing.sampling().guidance());
    return new VarGenerator(model, tokenizer.quantiser(), GenerationTrace.NONE)
        .generate(
            scope,
            prompts.stream().mapToLong(p -> config.classOf(p.text())).toArray(),
            drawing.sampling(),
            cache,
            prompts.stream().mapToLong(Prompt::randomSeed).toArray(),
            taps,
            listener);
  }

  @Override
  public VqVae tokenizer() {
    if (!decodes) {
      throw new IllegalStateException(config.name() + ": loaded without its image tokenizer");
    }
    return tokenizer;
  }
}
