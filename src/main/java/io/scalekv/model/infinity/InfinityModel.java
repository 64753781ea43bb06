package io.scalekv.model.infinity;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Pixels;
import io.scalekv.model.Precision;
import io.scalekv.model.Prompt;
import io.scalekv.model.RandomWeights;
import io.scalekv.model.text.T5Text;
import io.scalekv.model.text.TextEmbeddingStore;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.text.WordEmbedder;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.Vae;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Infinity model with its weights in memory: text, transformer and image tokenizer. */
final class InfinityModel implements ImageModel {
  private final InfinityModelConfig config;
  private final String weightHash;
  private final String tokenizerHash;
  private final NDManager manager;
  private final Precision precision;
  private final Infinity transformer;
  private final Vae vae;
  private final MultiScaleBsq quantiser;
  private final RandomWeights random;
  private final TextEmbeddingStore texts;
  private final Path textEncoder;

  private InfinityModel(
      InfinityModelConfig config,
      String weightHash,
      String tokenizerHash,
      NDManager manager,
      Weights transformer,
      Weights vae,
      Precision precision,
      RandomWeights random,
      TextEmbeddingStore texts,
      Path textEncoder) {
    this.texts = texts;
    this.textEncoder = textEncoder;
    this.config = config;
    this.weightHash = weightHash;
    this.tokenizerHash = tokenizerHash;
    this.manager = manager;
    this.precision = precision;
    this.transformer = new Infinity(config.transformer(), transformer, precision).packed();
    this.random = random;
    this.vae = vae == null ? null : new Vae(config.tokenizer(), vae);
    this.quantiser = new MultiScaleBsq(manager, config.tokenizer().codeBits());
  }

  /** Loads a model, see {@link InfinityModelConfig#open}. */
  static InfinityModel open(
      InfinityModelConfig config, ModelSource source, LoadOptions options, LoadListener listener) {
    options.device().check();
    TextEmbeddingStore texts = texts(config, source, options, listener);
    NDManager manager = NDManager.newBaseManager(options.device().engine(), "PyTorch");
    try {
      return source instanceof ModelSource.Random random
          ? random(config, random.weights(), options, manager, texts)
          : read(config, source, options, manager, texts, listener);
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /** Returns the store of text embeddings, with those of the options' texts. */
  private static TextEmbeddingStore texts(
      InfinityModelConfig config, ModelSource source, LoadOptions options, LoadListener listener) {
    int width = config.encodedTextWidth();
    boolean encodes = width > 0 && source instanceof ModelSource.Folder;
    Require.that(
        encodes || options.textEmbeddings().isEmpty(),
        "--text-embeddings must not be given for model %s, which encodes no text",
        config.name());
    if (!encodes) {
      return TextEmbeddingStore.inMemory(config.transformer().textWidth());
    }
    TextEmbeddingStore store =
        options
            .textEmbeddings()
            .map(file -> TextEmbeddingStore.open(file, width))
            .orElseGet(() -> TextEmbeddingStore.inMemory(width));
    List<String> missing = store.missing(options.texts());
    if (!missing.isEmpty() && source instanceof ModelSource.Folder given) {
      CheckpointFolder files =
          CheckpointFolder.find(given.folder(), config, true).in(given.stateDict());
      files.check(config);
      T5Text.addMissing(store, files.text(), width, missing, listener);
    }
    return store;
  }

  private static InfinityModel random(
      InfinityModelConfig config,
      RandomWeights random,
      LoadOptions options,
      NDManager manager,
      TextEmbeddingStore texts) {
    Engine.getInstance().setRandomSeed((int) random.seed());
    Weights transformer =
        InfinityWeights.initial(manager, config.transformer(), options.precision());
    if (config.drawsScenes()) {
      WordEmbedder.addInitial(transformer, config.transformer().textWidth());
    }
    Weights vae = options.tokenizer() ? Vae.initialWeights(manager, config.tokenizer()) : null;
    return new InfinityModel(
        config,
        random.hash(),
        random.hash(),
        manager,
        transformer,
        vae,
        options.precision(),
        random,
        texts,
        null);
  }

  private static InfinityModel read(
      InfinityModelConfig config,
      ModelSource source,
      LoadOptions options,
      NDManager manager,
      TextEmbeddingStore texts,
      LoadListener listener) {
    CheckpointFolder files = CheckpointFolder.of(config, source);
    files.check(config);
    Weights transformer =
        config
            .transformerWeights()
            .in(files.stateDict())
            .read(
                InfinityWeights.none(manager, options.precision()), files.transformer(), listener);
    Weights vae =
        options.tokenizer()
            ? config.tokenizerWeights().read(new Weights(manager), files.tokenizer(), listener)
            : null;
    return new InfinityModel(
        config,
        files.hash(listener),
        files.tokenizerHash(),
        manager,
        transformer,
        vae,
        options.precision(),
        null,
        texts,
        files.text());
  }

  @Override
  public InfinityModelConfig config() {
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
          tokenizer().decode(codes(scope, drawing, prompts, cache, taps, listener)));
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
      codes(scope, drawing, prompts, cache, taps, listener);
    }
  }

  private NDArray codes(
      NDManager scope,
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener) {
    List<String> captions = prompts.stream().map(Prompt::text).toList();
    TextEmbeddings text = text(scope, captions);
    TextEmbeddings unwanted =
        drawing.negative().isEmpty() || !drawing.sampling().guided()
            ? null
            : text(scope, Collections.nCopies(captions.size(), drawing.negative()));
    return new InfinityGenerator(transformer, quantiser)
        .generate(
            scope,
            text,
            unwanted,
            drawing.schedule(),
            config.rotaryMap(drawing.aspect()),
            drawing.sampling(),
            cache,
            prompts.stream().mapToLong(Prompt::randomSeed).toArray(),
            taps,
            listener);
  }

  private Vae tokenizer() {
    if (vae == null) {
      throw new IllegalStateException(config.name() + ": loaded without its image tokenizer");
    }
    return vae;
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
    Require.that(
        !config.transformer().patchify(),
        "%s must not have patchified latents to reconstruct images",
        config.name());
    try (NDManager scope = manager.newSubManager()) {
      NDArray latent = tokenizer().encode(Pixels.toArray(scope, images));
      return Pixels.toImages(tokenizer().decode(quantiser.quantise(latent, schedule).summed()));
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

  @Override
  public int textTokens(List<String> captions) {
    try (NDManager scope = manager.newSubManager()) {
      return (int) text(scope, captions).padded().getShape().get(1);
    }
  }

  @Override
  public Map<String, Integer> cutTexts(List<String> given) {
    return textEncoder == null || config.encodedTextWidth() == 0
        ? Map.of()
        : T5Text.cut(textEncoder, given);
  }

  private TextEmbeddings text(NDManager scope, List<String> texts) {
    if (config.drawsScenes()) {
      return new WordEmbedder(transformer.weights()).encode(scope, texts);
    }
    return random == null ? encoded(scope, texts) : noise(scope, texts);
  }

  private TextEmbeddings encoded(NDManager scope, List<String> captions) {
    List<String> missing = texts.missing(captions);
    if (!missing.isEmpty()) {
      Require.that(
          textEncoder != null,
          "%s: no text encoder and no stored embeddings of: %s",
          config.name(),
          missing.get(0));
      int width = config.transformer().textWidth();
      T5Text.addMissing(texts, textEncoder, width, missing, LoadListener.NONE);
    }
    return texts.embeddings(scope, captions);
  }

  /**
   * Returns text embeddings for random weights: normal numbers that depend on the prompt alone, in
   * the number of tokens that {@link RandomWeights#textTokens} says.
   */
  private TextEmbeddings noise(NDManager scope, List<String> texts) {
    int width = config.transformer().textWidth();
    int[] lengths =
        texts.stream()
            .mapToInt(
                t -> random.textTokens() > 0 ? random.textTokens() : t.split("\\s+").length + 1)
            .map(n -> Math.min(n, config.transformer().textMaxLength()))
            .toArray();
    int longest = Arrays.stream(lengths).max().orElseThrow();
    float[] data = new float[lengths.length * longest * width];
    for (int b = 0; b < lengths.length; b++) {
      Random numbers = new Random(texts.get(b).hashCode());
      for (int i = 0; i < lengths[b] * width; i++) {
        data[b * longest * width + i] = (float) numbers.nextGaussian();
      }
    }
    try (NDArray borrowed = scope.create(data, new Shape(lengths.length, longest, width))) {
      return new TextEmbeddings(borrowed.toType(DataType.FLOAT32, true), lengths);
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
