package io.scalekv.model.var;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.Drawing;
import io.scalekv.model.EncoderLayer;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Guidance;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Pixels;
import io.scalekv.model.Precision;
import io.scalekv.model.Prompt;
import io.scalekv.model.vae.Vae;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * VAR model with its weights in memory: transformer, codebook with its convolutions and, where
 * pixels are asked for, the image tokenizer.
 */
final class VarModel implements ImageModel {
  private final VarModelConfig config;
  private final String weightHash;
  private final String tokenizerHash;
  private final NDManager manager;
  private final Precision precision;
  private final Var transformer;
  private final VqVae tokenizer;
  private final boolean decodes;

  private VarModel(
      VarModelConfig config,
      String weightHash,
      String tokenizerHash,
      NDManager manager,
      Weights transformer,
      Weights tokenizer,
      LoadOptions options) {
    this.config = config;
    this.weightHash = weightHash;
    this.tokenizerHash = tokenizerHash;
    this.manager = manager;
    this.precision = options.precision();
    this.transformer = new Var(config.transformer(), transformer, precision).packed();
    this.tokenizer = new VqVae(config.tokenizer(), tokenizer);
    this.decodes = options.tokenizer();
  }

  /** Loads a model, see {@link VarModelConfig#open}. */
  static VarModel open(
      VarModelConfig config, ModelSource source, LoadOptions options, LoadListener listener) {
    options.device().check();
    Require.that(
        options.textEmbeddings().isEmpty(),
        "--text-embeddings must not be given for model %s, which encodes no text",
        config.name());
    NDManager manager = NDManager.newBaseManager(options.device().engine(), "PyTorch");
    try {
      return source instanceof ModelSource.Random random
          ? random(config, random, options, manager)
          : read(config, source, options, manager, listener);
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  private static VarModel random(
      VarModelConfig config, ModelSource.Random random, LoadOptions options, NDManager manager) {
    Engine.getInstance().setRandomSeed((int) random.weights().seed());
    Weights transformer = VarWeights.initial(manager, config.transformer(), options.precision());
    Weights tokenizer = randomTokenizer(manager, config.tokenizer(), options.tokenizer());
    String hash = random.weights().hash();
    return new VarModel(config, hash, hash, manager, transformer, tokenizer, options);
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

  private static VarModel read(
      VarModelConfig config,
      ModelSource source,
      LoadOptions options,
      NDManager manager,
      LoadListener listener) {
    CheckpointFolder files = CheckpointFolder.of(config, source);
    files.check(config);
    Weights transformer =
        config
            .transformerWeights()
            .in(files.stateDict())
            .read(VarWeights.none(manager, options.precision()), files.transformer(), listener);
    Weights tokenizer =
        (options.tokenizer() ? config.tokenizerWeights() : config.quantiserWeights())
            .read(new Weights(manager), files.tokenizer(), listener);
    return new VarModel(
        config,
        files.hash(listener),
        files.tokenizerHash(),
        manager,
        transformer,
        tokenizer,
        options);
  }

  @Override
  public VarModelConfig config() {
    return config;
  }

  @Override
  public String dtype() {
    return precision.half() ? "bf16" : "fp32";
  }

  @Override
  public String weightHash() {
    return weightHash;
  }

  @Override
  public String tokenizerHash() {
    return tokenizerHash;
  }

  @Override
  public long transformerParameters() {
    return transformer.weights().parameters();
  }

  @Override
  public long tokenizerParameters() {
    return tokenizer().weights().parameters();
  }

  @Override
  public List<RgbImage> draw(
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener) {
    try (NDManager scope = manager.newSubManager()) {
      return Pixels.toImages(
          tokenizer().decode(features(scope, drawing, prompts, cache, taps, listener)));
    }
  }

  @Override
  public void drawCodes(
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener) {
    try (NDManager scope = manager.newSubManager()) {
      features(scope, drawing, prompts, cache, taps, listener);
    }
  }

  private NDArray features(
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
    return new VarGenerator(transformer, tokenizer.quantiser(), VarTrace.NONE)
        .generate(
            scope,
            prompts.stream().mapToLong(p -> config.classOf(p.text())).toArray(),
            drawing.sampling(),
            cache,
            prompts.stream().mapToLong(Prompt::randomSeed).toArray(),
            taps,
            listener);
  }

  private VqVae tokenizer() {
    if (!decodes) {
      throw new IllegalStateException(config.name() + ": loaded without its image tokenizer");
    }
    return tokenizer;
  }

  @Override
  public CacheSettings fullCache(ScaleSchedule schedule) {
    CacheSettings full = CacheSettings.full(schedule, config.transformer().depth());
    return precision.half()
        ? new CacheSettings(full.policy(), null, CacheType.FP32, CacheType.BF16)
        : full;
  }

  @Override
  public List<RgbImage> reconstruct(List<RgbImage> images, ScaleSchedule schedule) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray latent = tokenizer().encode(Pixels.toArray(scope, images));
      return Pixels.toImages(
          tokenizer().decode(tokenizer.quantiser().quantise(latent, schedule).summed()));
    }
  }

  @Override
  public List<EncoderLayer> encoderLayers(List<RgbImage> images) {
    try (NDManager scope = manager.newSubManager()) {
      return tokenizer().encoderLayers(Pixels.toArray(scope, images)).stream()
          .map(EncoderLayer::of)
          .toList();
    }
  }

  /** {@inheritDoc} A class is no text. */
  @Override
  public int textTokens(List<String> captions) {
    return 0;
  }

  @Override
  public void close() {
    manager.close();
  }
}
