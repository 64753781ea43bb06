package io.scalekv.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.image.RgbImage;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.infinity.InfinityGenerator;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.infinity.Precision;
import io.scalekv.model.text.T5Text;
import io.scalekv.model.text.TextFeatureStore;
import io.scalekv.model.text.TextFeatures;
import io.scalekv.model.text.WordEmbedder;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.Vae;
import io.scalekv.scene.Vocabulary;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import io.scalekv.weights.WeightsFileException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A text-to-image model with its weights in memory: text, transformer and tokenizer behind one door
 * that lets no native array out.
 */
public final class ImageModel implements AutoCloseable {
  /** Name of the transformer's weights in a model folder. */
  public static final String TRANSFORMER = CheckpointFolder.TRANSFORMER;

  /** Name of the tokenizer's weights in a model folder. */
  public static final String TOKENIZER = CheckpointFolder.TOKENIZER;

  private final ModelConfig config;
  private final String weightHash;
  private final String tokenizerHash;
  private final NDManager manager;
  private final Precision precision;
  private final Infinity transformer;
  private final Vae vae;
  private final MultiScaleBsq quantiser;
  private final int textTokens;
  private final TextFeatureStore texts;
  private final Path textEncoder;

  private ImageModel(
      ModelConfig config,
      String weightHash,
      String tokenizerHash,
      NDManager manager,
      Weights transformer,
      Weights vae,
      Precision precision,
      int textTokens,
      TextFeatureStore texts,
      Path textEncoder) {
    this.texts = texts;
    this.textEncoder = textEncoder;
    this.config = config;
    this.weightHash = weightHash;
    this.tokenizerHash = tokenizerHash;
    this.manager = manager;
    this.precision = precision;
    this.transformer = new Infinity(config.transformer(), transformer, precision);
    this.textTokens = textTokens;
    this.vae = vae == null ? null : new Vae(config.tokenizer(), vae);
    this.quantiser = new MultiScaleBsq(manager, config.tokenizer().codeBits());
  }

  /**
   * Loads a model.
   *
   * @param bf16 whether the transformer is held and computed in bfloat16, as {@link Precision#BF16}
   *     says; else in float32
   * @throws WeightsFileException if a file is missing or damaged, or a weight is missing or has
   *     another shape
   */
  public static ImageModel open(ModelConfig config, ModelSource source, boolean bf16) {
    return open(
        config,
        source,
        LoadOptions.of(bf16),
        TextFeatureStore.inMemory(config.transformer().textWidth()),
        LoadListener.NONE);
  }

  /**
   * Loads a model after checking every name, shape and type of its weights.
   *
   * @param options number format and parts
   * @param texts features of texts that need not be encoded again; those of other texts are added
   * @param listener told how far the reading is
   * @throws WeightsFileException if a file is missing or damaged, or a weight is missing or has
   *     another shape
   */
  public static ImageModel open(
      ModelConfig config,
      ModelSource source,
      LoadOptions options,
      TextFeatureStore texts,
      LoadListener listener) {
    Precision precision = options.bf16() ? Precision.BF16 : Precision.FP32;
    options.device().check();
    NDManager manager = NDManager.newBaseManager(options.device().engine(), "PyTorch");
    try {
      if (source instanceof ModelSource.Random random) {
        Engine.getInstance().setRandomSeed((int) random.seed());
        Weights transformer = InfinityWeights.initial(manager, config.transformer(), precision);
        if (config.text().equals(ModelConfig.WORDS)) {
          WordEmbedder.addInitial(transformer, config.transformer().textWidth());
        }
        Weights vae = options.tokenizer() ? Vae.initialWeights(manager, config.tokenizer()) : null;
        String hash = weightHash(config, source);
        return new ImageModel(
            config,
            hash,
            hash,
            manager,
            transformer,
            vae,
            precision,
            random.textTokens(),
            texts,
            null);
      }
      CheckpointFolder files = files(config, source);
      files.check(config);
      Weights transformer =
          load(
              InfinityWeights.none(manager, precision),
              files.transformer(),
              CheckpointFolder.transformerWeights(config),
              listener);
      Weights vae =
          options.tokenizer()
              ? load(
                  new Weights(manager),
                  files.tokenizer(),
                  CheckpointFolder.tokenizerWeights(config),
                  listener)
              : null;
      return new ImageModel(
          config,
          files.hash(listener),
          files.tokenizerHash(),
          manager,
          transformer,
          vae,
          precision,
          0,
          texts,
          files.text());
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  private static Weights load(
      Weights empty, Path path, ExpectedWeights expected, LoadListener listener) {
    try (TensorSource source = TensorSource.open(path)) {
      return expected.load(empty, path, source, listener);
    }
  }

  /** The files of a source that has files. */
  private static CheckpointFolder files(ModelConfig config, ModelSource source) {
    return source instanceof ModelSource.Folder given
        ? CheckpointFolder.find(given.folder(), config, false)
        : new CheckpointFolder(
            shipped(config.name() + "/" + TRANSFORMER), shipped("pocket/" + TOKENIZER), null);
  }

  /** The hash that {@link #weightHash()} gives for a model of that source, without loading it. */
  public static String weightHash(ModelConfig config, ModelSource source) {
    return source instanceof ModelSource.Random random
        ? "random:" + random.seed()
        : files(config, source).hash(LoadListener.NONE);
  }

  /** The hash that {@link #tokenizerHash()} gives for a model of that source. */
  public static String tokenizerHash(ModelConfig config, ModelSource source) {
    return source instanceof ModelSource.Random random
        ? "random:" + random.seed()
        : files(config, source).tokenizerHash();
  }

  /** A shipped resource as a file; out of a jar it is copied to a temporary one. */
  private static Path shipped(String name) {
    URL url = ImageModel.class.getResource(name);
    if (url == null) {
      throw new IllegalStateException("resource " + name + " is missing from the build");
    }
    try {
      if (url.getProtocol().equals("file")) {
        return Path.of(url.toURI());
      }
      Path copy = Files.createTempFile("scalekv", ".safetensors");
      copy.toFile().deleteOnExit();
      try (InputStream in = url.openStream()) {
        Files.write(copy, in.readAllBytes());
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException("resource " + name + ": " + e.getMessage(), e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("resource " + name + ": " + e.getMessage(), e);
    }
  }

  /** Returns the facts about the weights that every file of results states, by name. */
  public SortedMap<String, String> provenance() {
    return new TreeMap<>(
        Map.of(
            "model",
            config.name(),
            "weights",
            weightHash,
            "dtype",
            precision.half() ? "bf16" : "fp32"));
  }

  /** The configuration. */
  public ModelConfig config() {
    return config;
  }

  /**
   * {@code sha256:} and the hash of the transformer's and the tokenizer's files, one after the
   * other; or {@code random:} and the seed.
   */
  public String weightHash() {
    return weightHash;
  }

  /** {@code sha256:} and the hash of the tokenizer's file, or {@code random:} and the seed. */
  public String tokenizerHash() {
    return tokenizerHash;
  }

  /** Parameters of the transformer, text included. */
  public long transformerParameters() {
    return transformer.weights().parameters();
  }

  /** Parameters of the tokenizer. */
  public long tokenizerParameters() {
    return tokenizer().weights().parameters();
  }

  /**
   * Draws one image per prompt, as one batch.
   *
   * @param prompts at least one
   * @param cache settings of the KV cache; see {@link #fullCache}
   * @param taps attention observers
   * @param listener observer of everything else
   * @return the images in the order of the prompts
   */
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

  /** Draws the token codes alone, without the tokenizer; listeners see them. */
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
    TextFeatures text = text(scope, captions);
    TextFeatures unwanted =
        drawing.negative().isEmpty() || !drawing.sampling().guided()
            ? null
            : text(scope, Collections.nCopies(captions.size(), drawing.negative()));
    return new InfinityGenerator(transformer, quantiser)
        .generate(
            scope,
            text,
            unwanted,
            drawing.schedule(),
            config.rotaryReference(drawing.aspect()),
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

  /**
   * Everything is remembered as attention reads it: keys in float32, values in the format in which
   * the model computes them.
   */
  public CacheSettings fullCache(ScaleSchedule schedule) {
    CacheSettings full = CacheSettings.full(schedule, config.transformer().depth());
    return precision.half()
        ? new CacheSettings(full.policy(), null, CacheType.FP32, CacheType.BF16)
        : full;
  }

  /**
   * Encodes, quantises and decodes images: what the tokenizer alone loses.
   *
   * @param images at least one, all of the size that the schedule draws
   * @param schedule token maps
   */
  public List<RgbImage> reconstruct(List<RgbImage> images, ScaleSchedule schedule) {
    if (config.transformer().patchify()) {
      throw new IllegalArgumentException(
          config.name() + ": reconstruction of patchified latents is not offered");
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray latent = tokenizer().encode(Pixels.toArray(scope, images));
      return Pixels.toImages(tokenizer().decode(quantiser.quantise(latent, schedule).summed()));
    }
  }

  /**
   * What the tokenizer's encoder makes of images: the output of every halving, then that of its
   * middle.
   *
   * @param images at least one, all of one size that the patch divides
   */
  public List<EncoderLayer> encoderLayers(List<RgbImage> images) {
    try (NDManager scope = manager.newSubManager()) {
      List<EncoderLayer> layers = new ArrayList<>();
      for (NDArray x : tokenizer().encoderLayers(Pixels.toArray(scope, images))) {
        Shape s = x.getShape();
        layers.add(
            new EncoderLayer(
                (int) s.get(0), (int) s.get(1), (int) s.get(2), (int) s.get(3), x.toFloatArray()));
      }
      return layers;
    }
  }

  /** Checks that the model can read a prompt; the error says what it cannot read. */
  public void checkPrompt(String text) {
    if (config.text().equals(ModelConfig.WORDS)) {
      Vocabulary.encode(text);
    }
  }

  /** Text tokens of the longest of some prompts, as cross attention reads them. */
  public int textTokens(List<String> captions) {
    try (NDManager scope = manager.newSubManager()) {
      return (int) text(scope, captions).padded().getShape().get(1);
    }
  }

  private TextFeatures text(NDManager scope, List<String> texts) {
    if (config.text().equals(ModelConfig.WORDS)) {
      return new WordEmbedder(transformer.weights()).encode(scope, texts);
    }
    if (!weightHash.startsWith("random:")) {
      return encoded(scope, texts);
    }
    return noise(scope, texts);
  }

  private TextFeatures encoded(NDManager scope, List<String> captions) {
    List<String> missing = texts.missing(captions);
    if (!missing.isEmpty()) {
      if (textEncoder == null) {
        throw new IllegalArgumentException(
            config.name() + ": no text encoder and no stored features of: " + missing.get(0));
      }
      int width = config.transformer().textWidth();
      T5Text.addMissing(texts, textEncoder, width, missing, LoadListener.NONE);
    }
    return texts.features(scope, captions);
  }

  /**
   * Text features for random weights: normal numbers that depend on the prompt alone, one token for
   * every word or as many as were asked for, so that shapes and times are those of a real prompt.
   */
  private TextFeatures noise(NDManager scope, List<String> texts) {
    int width = config.transformer().textWidth();
    int[] lengths =
        texts.stream()
            .mapToInt(t -> textTokens > 0 ? textTokens : t.split("\\s+").length + 1)
            .map(n -> Math.min(n, config.transformer().textMaxLength()))
            .toArray();
    int longest = Arrays.stream(lengths).max().orElseThrow();
    float[] data = new float[lengths.length * longest * width];
    for (int b = 0; b < lengths.length; b++) {
      Random random = new Random(texts.get(b).hashCode());
      for (int i = 0; i < lengths[b] * width; i++) {
        data[b * longest * width + i] = (float) random.nextGaussian();
      }
    }
    try (NDArray borrowed = scope.create(data, new Shape(lengths.length, longest, width))) {
      return new TextFeatures(borrowed.toType(DataType.FLOAT32, true), lengths);
    }
  }

  /** Side of the image in pixels for a schedule: height, then width. */
  public int[] pixels(ScaleSchedule schedule) {
    TokenMap last = schedule.last();
    int perToken = config.tokenizer().patch() * (config.transformer().patchify() ? 2 : 1);
    return new int[] {last.height() * perToken, last.width() * perToken};
  }

  @Override
  public void close() {
    manager.close();
  }
}
