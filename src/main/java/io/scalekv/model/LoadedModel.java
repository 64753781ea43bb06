package io.scalekv.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.model.vae.ImageTokenizer;
import io.scalekv.weights.LoadListener;
import java.util.List;
import java.util.Map;

/** Model of any family with its weights in memory. */
public final class LoadedModel implements ImageModel {
  private final ModelConfig config;
  private final Precision precision;
  private final NDManager manager;
  private final Network network;
  private final String weightHash;
  private final String tokenizerHash;

  private LoadedModel(
      ModelConfig config,
      Precision precision,
      NDManager manager,
      Network network,
      String weightHash,
      String tokenizerHash) {
    this.config = config;
    this.precision = precision;
    this.manager = manager;
    this.network = network;
    this.weightHash = weightHash;
    this.tokenizerHash = tokenizerHash;
  }

  /** Loads a model, see {@link ModelConfig#open}. */
  public static LoadedModel open(
      ModelConfig config,
      ModelSource source,
      LoadOptions options,
      LoadListener listener,
      Network.Loader family) {
    options.device().check();
    options.check(config, source instanceof ModelSource.Random);
    NDManager manager = options.device().manager();
    try {
      Precision precision = options.precision();
      if (source instanceof ModelSource.Random random) {
        Engine.getInstance().setRandomSeed((int) random.weights().seed());
        Network network = family.random(manager, random.weights());
        String hash = random.weights().hash();
        return new LoadedModel(config, precision, manager, network, hash, hash);
      }
      CheckpointFolder files = CheckpointFolder.of(config, source);
      files.check(config);
      Network network = family.read(manager, files);
      return new LoadedModel(
          config, precision, manager, network, files.hash(listener), files.tokenizerHash());
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  @Override
  public ModelConfig config() {
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
  public List<RgbImage> draw(
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener) {
    try (NDManager scope = manager.newSubManager()) {
      ImageTokenizer tokenizer = network.tokenizer();
      NDArray latents = network.latents(scope, drawing, prompts, cache, taps, listener);
      return Pixels.toImages(tokenizer.decode(latents));
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
      network.latents(scope, drawing, prompts, cache, taps, listener);
    }
  }

  @Override
  public CacheSettings fullCache(ScaleSchedule schedule) {
    CacheSettings full = CacheSettings.full(schedule, geometry().layers());
    return precision.half()
        ? new CacheSettings(full.policy(), null, CacheType.FP32, CacheType.BF16)
        : full;
  }

  @Override
  public List<EncoderLayer> encoderLayers(List<RgbImage> images) {
    try (NDManager scope = manager.newSubManager()) {
      return network.tokenizer().encoderLayers(Pixels.toArray(scope, images)).stream()
          .map(EncoderLayer::of)
          .toList();
    }
  }

  @Override
  public int textTokens(List<String> captions) {
    try (NDManager scope = manager.newSubManager()) {
      return network.textTokens(scope, captions);
    }
  }

  @Override
  public Map<String, Integer> cutTexts(List<String> texts) {
    return network.cutTexts(texts);
  }

  @Override
  public void close() {
    manager.close();
  }
}
