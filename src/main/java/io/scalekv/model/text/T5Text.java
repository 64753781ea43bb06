package io.scalekv.model.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Text embeddings by a T5 folder in the form of the Hugging Face library: {@code config.json},
 * {@code tokenizer.json} or {@code spiece.model}, and the weights in any form that can be read.
 *
 * <p>An encoder of flan-t5-xl takes 5 GB in memory and is needed only until the texts are encoded,
 * so it is loaded, used and freed in one call.
 */
public final class T5Text {
  private T5Text() {}

  /**
   * Checks a folder without loading its weights.
   *
   * @param width W that the embeddings must have
   * @return number of parameters of the encoder
   * @throws IllegalArgumentException if something is missing or does not fit
   */
  public static long check(Path folder, int width) {
    T5Config config = config(folder, width);
    T5Tokenizer.file(folder);
    ExpectedWeights expected = T5Encoder.expected(config);
    try (TensorSource source = expected.open(folder)) {
      expected.check(folder, source);
    }
    return expected.parameters();
  }

  /**
   * Encodes those texts that the store lacks, and saves the store.
   *
   * @param folder of the encoder; not touched if nothing is missing
   * @param width W that the embeddings must have
   * @param listener receives the progress of loading
   */
  public static void addMissing(
      TextEmbeddingStore store,
      Path folder,
      int width,
      Collection<String> texts,
      LoadListener listener) {
    List<String> missing = store.missing(texts);
    if (missing.isEmpty()) {
      return;
    }
    T5Config config = config(folder, width);
    try (T5Tokenizer tokenizer = T5Tokenizer.open(folder);
        TensorSource source = TensorSource.open(folder);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      store.useEncoder(fingerprint(folder, source));
      Weights weights =
          T5Encoder.expected(config).load(new Weights(manager), folder, source, listener);
      T5Encoder encoder = new T5Encoder(config, weights);
      for (String text : missing) {
        try (NDManager scope = manager.newSubManager()) {
          int length = tokenizer.length(text);
          if (length > T5Tokenizer.MAX_TOKENS) {
            listener.remark(
                "prompt of %d tokens is cut to %d: %s"
                    .formatted(length, T5Tokenizer.MAX_TOKENS, Json.oneLine(text)));
          }
          NDArray rows = encoder.encode(scope, tokenizer.encode(text));
          store.put(text, rows.toFloatArray());
        }
      }
    }
    store.save();
  }

  /** Returns the tokens of those texts that are cut to {@link T5Tokenizer#MAX_TOKENS}. */
  public static Map<String, Integer> cut(Path folder, Collection<String> texts) {
    Map<String, Integer> cut = new LinkedHashMap<>();
    if (texts.stream().anyMatch(t -> t.length() >= T5Tokenizer.MAX_TOKENS / 2)) {
      try (T5Tokenizer tokenizer = T5Tokenizer.open(folder)) {
        for (String text : texts) {
          int length = tokenizer.length(text);
          if (length > T5Tokenizer.MAX_TOKENS) {
            cut.put(text, length);
          }
        }
      }
    }
    return cut;
  }

  private static T5Config config(Path folder, int width) {
    Path file = folder.resolve("config.json");
    Require.that(Files.isRegularFile(file), "%s: missing config.json", folder);
    T5Config config = T5Config.read(file);
    Require.that(
        config.width() == width,
        "%s: d_model must be %d as the model reads it, got %d",
        file,
        width,
        config.width());
    return config;
  }

  /**
   * Returns a fingerprint of an encoder without reading all weights: a hash of the configuration,
   * the tokenizer, and two small trained tensors.
   */
  private static String fingerprint(Path folder, TensorSource source) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(all)) {
      out.write(Files.readAllBytes(folder.resolve("config.json")));
      out.write(Files.readAllBytes(T5Tokenizer.file(folder)));
      for (String name :
          List.of("encoder.final_layer_norm.weight", "encoder.block.0.layer.0.layer_norm.weight")) {
        if (source.names().contains(name)) {
          for (float value : source.floats(name)) {
            out.writeFloat(value);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
    }
    return Sha256.of(all.toByteArray()).substring(0, 16);
  }
}
