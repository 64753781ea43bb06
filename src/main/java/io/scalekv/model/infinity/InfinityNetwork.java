package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.LoadedModel;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Network;
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

/** Infinity's transformer, image tokenizer and text embeddings with their weights in memory. */
final class InfinityNetwork implements Network {
  private final InfinityModelConfig config;
  private final Infinity model;
  private final Vae vae;
  private final MultiScaleBsq quantiser;
  private final RandomWeights random;
  private final TextEmbeddingStore texts;
  private final Path textEncoder;

  private InfinityNetwork(
      InfinityModelConfig config,
      Infinity model,
      Weights vae,
      RandomWeights random,
      TextEmbeddingStore texts,
      Path textEncoder) {
    this.config = config;
    this.model = model.packed();
    this.vae = vae == null ? null : new Vae(config.tokenizer(), vae);
    this.quantiser = new MultiScaleBsq(config.tokenizer().codeBits());
    this.random = random;
    this.texts = texts;
    this.textEncoder = textEncoder;
  }

  /** Loads a model, see {@link InfinityModelConfig#open}. */
  static ImageModel open(
      InfinityModelConfig config, ModelSource source, LoadOptions options, LoadListener listener) {
    options.device().check();
    TextEmbeddingStore texts = texts(config, source, options, listener);
    Precision precision = options.precision();
    InfinityConfig shape = config.transformer();
    Network.Loader loader =
        new Network.Loader() {
          @Override
          public Network random(NDManager manager, RandomWeights random) {
            Weights w = InfinityWeights.initial(manager, shape, precision);
            if (config.drawsScenes()) {
              WordEmbedder.addInitial(w, shape.textWidth());
            }
            Weights vae =
                options.tokenizer() ? Vae.initialWeights(manager, config.tokenizer()) : null;
            Infinity model = new Infinity(shape, w, precision);
            return new InfinityNetwork(config, model, vae, random, texts, null);
          }

          @Override
          public Network read(NDManager manager, CheckpointFolder files) {
            Weights w =
                config
                    .transformerWeights()
                    .in(files.stateDict())
                    .read(InfinityWeights.none(manager, precision), files.transformer(), listener);
            Weights vae =
                options.tokenizer()
                    ? config
                        .tokenizerWeights()
                        .read(new Weights(manager), files.tokenizer(), listener)
                    : null;
            Infinity model = new Infinity(shape, w, precision);
            return new InfinityNetwork(config, model, vae, null, texts, files.text());
          }
        };
    return LoadedModel.open(config, source, options, listener, loader);
  }

  /** Returns the store of text embeddings, with those of the options' texts. */
  private static TextEmbeddingStore texts(
      InfinityModelConfig config, ModelSource source, LoadOptions options, LoadListener listener) {
    int width = config.encodedTextWidth();
    if (width == 0 || !(source instanceof ModelSource.Folder given)) {
      return TextEmbeddingStore.inMemory(config.transformer().textWidth());
    }
    TextEmbeddingStore store =
        options
            .textEmbeddings()
            .map(file -> TextEmbeddingStore.open(file, width))
            .orElseGet(() -> TextEmbeddingStore.inMemory(width));
    List<String> missing = store.missing(options.texts());
    if (!missing.isEmpty()) {
      CheckpointFolder files =
          CheckpointFolder.find(given.folder(), config, true).in(given.stateDict());
      files.check(config);
      T5Text.addMissing(store, files.text(), width, missing, listener);
    }
    return store;
  }

  @Override
  public NDArray latents(
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
    return new InfinityGenerator(model, quantiser)
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

  @Override
  public Vae tokenizer() {
    if (vae == null) {
      throw new IllegalStateException(config.name() + ": loaded without its image tokenizer");
    }
    return vae;
  }

  @Override
  public int textTokens(NDManager scope, List<String> captions) {
    return (int) text(scope, captions).padded().getShape().get(1);
  }

  @Override
  public Map<String, Integer> cutTexts(List<String> given) {
    return textEncoder == null || config.encodedTextWidth() == 0
        ? Map.of()
        : T5Text.cut(textEncoder, given);
  }

  private TextEmbeddings text(NDManager scope, List<String> texts) {
    if (config.drawsScenes()) {
      return new WordEmbedder(model.weights()).encode(scope, texts);
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
}
