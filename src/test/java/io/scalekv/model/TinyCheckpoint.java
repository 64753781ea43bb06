package io.scalekv.model;

import ai.djl.ndarray.types.Shape;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.text.T5Fixtures;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.weights.RawPickle;
import io.scalekv.weights.RawZip;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TorchArchive;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Checkpoints under the published names: a narrow model of Infinity-2B's depth with random weights,
 * and files of the real shapes that hold nothing.
 */
public final class TinyCheckpoint {
  /** Depth, chunks and code as Infinity-2B has them, everything else small. */
  public static final InfinityModelConfig CONFIG =
      new InfinityModelConfig(
          InfinityModelConfig.FORMAT,
          "narrow-2b",
          new InfinityConfig(32, 32, 2, 64, 32, false, 128, 512, 8),
          new VaeConfig(32, 16, 8, List.of(1, 2, 4, 4, 4), 2, 3, 8),
          List.of(1, 2, 4),
          8,
          null,
          InfinityModelConfig.T5);

  private TinyCheckpoint() {}

  /** The forms in which people have checkpoints. */
  public enum Form {
    SLIM,
    TRAINING,
    SHARDED_BIN,
    SHARDED_SAFETENSORS,
    SAFETENSORS
  }

  /** Random numbers that bfloat16 holds exactly, so that all forms are the same model. */
  private static TensorData random(String name, Shape shape) {
    Random random = new Random(name.hashCode());
    float[] values = new float[(int) shape.size()];
    double fan = shape.dimension() < 2 ? 16 : shape.size() / (double) shape.get(0);
    for (int i = 0; i < values.length; i++) {
      float value = (float) (random.nextGaussian() / Math.sqrt(fan));
      values[i] = Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xffff0000);
    }
    return TensorData.of(values, shape.getShape());
  }

  /** The transformer's weights. */
  public static Map<String, TensorData> transformer() {
    Map<String, TensorData> weights = new LinkedHashMap<>();
    InfinityWeights.shapes(CONFIG.transformer())
        .forEach((name, shape) -> weights.put(name, random(name, shape)));
    return weights;
  }

  /** The tokenizer's weights and what else its file holds, names as newer or older files have. */
  private static Map<String, TensorData> tokenizer(boolean older) {
    Map<String, TensorData> weights = new LinkedHashMap<>();
    Vae.shapes(CONFIG.tokenizer())
        .forEach(
            (name, shape) ->
                weights.put(
                    older ? name.replaceFirst("\\.(conv|norm)\\.(weight|bias)$", ".$2") : name,
                    random(name, shape)));
    weights.put("quantizer.lfq.mask", TensorData.of(new float[32], 32));
    weights.put("quantize.lfq.mask", TensorData.of(new float[32], 32));
    return weights;
  }

  /** Writes a whole model folder in one form. */
  public static void write(Path folder, Form form) {
    Path text = folder.resolve("flan-t5-xl");
    try {
      Files.createDirectories(text);
      Files.writeString(folder.resolve("config.json"), CONFIG.json());
      Files.writeString(text.resolve("config.json"), T5Fixtures.config(128));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, TensorData> t5 = T5Fixtures.weights(128);
    Path vae = folder.resolve("infinity_vae_d32reg.pth");
    switch (form) {
      case SLIM -> {
        torch(folder.resolve("infinity_2b_reg.pth"), transformer(), StoredType.F32);
        TorchArchive.write(vae, tokenizer(false), StoredType.F32, List.of("vae"));
        torch(text.resolve("pytorch_model.bin"), t5, StoredType.F32);
        T5Fixtures.writeJson(text);
      }
      case TRAINING -> {
        TorchArchive.write(
            folder.resolve("infinity_2b_reg.pth"),
            transformer(),
            StoredType.BF16,
            List.of("trainer", "gpt_fsdp"));
        vae = folder.resolve("infinity_vae_d32_reg.pth");
        TorchArchive.write(vae, tokenizer(true), StoredType.F32, List.of("vae"));
        safetensors(text.resolve("model.safetensors"), t5);
        T5Fixtures.writePieces(text);
      }
      case SHARDED_BIN -> {
        shards(folder.resolve("infinity_2b_weights"), transformer(), "pytorch_model", ".bin");
        torch(vae, tokenizer(true), StoredType.BF16);
        shards(text, t5, "pytorch_model", ".bin");
        T5Fixtures.writeJson(text);
      }
      case SHARDED_SAFETENSORS -> {
        shards(folder.resolve("infinity_2b_weights"), transformer(), "model", ".safetensors");
        safetensors(folder.resolve("infinity_vae_d32reg.safetensors"), tokenizer(false));
        Map<String, TensorData> both = new LinkedHashMap<>(t5);
        both.put("encoder.embed_tokens.weight", both.remove("shared.weight"));
        both.put("decoder.final_layer_norm.weight", TensorData.of(new float[128], 128));
        both.put("lm_head.weight", TensorData.of(new float[256], 2, 128));
        shards(text, both, "model", ".safetensors");
        T5Fixtures.writePieces(text);
      }
      case SAFETENSORS -> {
        safetensors(folder.resolve("transformer.safetensors"), transformer());
        safetensors(folder.resolve("vae.safetensors"), tokenizer(false));
        safetensors(text.resolve("model.safetensors"), t5);
        T5Fixtures.writeJson(text);
      }
    }
  }

  /** A state dict at the top level. */
  public static void torch(Path file, Map<String, TensorData> tensors, StoredType type) {
    TorchArchive.write(file, tensors, type, List.of());
  }

  private static void safetensors(Path file, Map<String, TensorData> tensors) {
    SafetensorsWriter.writeData(file, new LinkedHashMap<>(tensors), StoredType.BF16, Map.of());
  }

  /** Three shards and their index. */
  private static void shards(
      Path folder, Map<String, TensorData> tensors, String stem, String ending) {
    List<String> names = new ArrayList<>(tensors.keySet());
    StringBuilder index = new StringBuilder();
    for (int s = 0; s < 3; s++) {
      String shard = "%s-%05d-of-00003%s".formatted(stem, s + 1, ending);
      Map<String, TensorData> part = new LinkedHashMap<>();
      for (String n : names.subList(names.size() * s / 3, names.size() * (s + 1) / 3)) {
        part.put(n, tensors.get(n));
        index.append(index.isEmpty() ? "" : ",").append("\"%s\":\"%s\"".formatted(n, shard));
      }
      try {
        Files.createDirectories(folder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      if (ending.equals(".bin")) {
        torch(folder.resolve(shard), part, StoredType.BF16);
      } else {
        safetensors(folder.resolve(shard), part);
      }
    }
    T5Fixtures.write(
        folder.resolve(stem + ending + ".index.json"),
        ("{\"metadata\":{\"total_size\":1},\"weight_map\":{" + index + "}}")
            .getBytes(StandardCharsets.UTF_8));
  }

  /** Names and shapes of a published state dict, from the test resources. */
  public static Map<String, long[]> published(String name) {
    try (InputStream in = TinyCheckpoint.class.getResourceAsStream(name + "_state_dict.json")) {
      JsonNode json = JsonMapper.shared().readTree(in.readAllBytes());
      Map<String, long[]> shapes = new LinkedHashMap<>();
      json.properties()
          .forEach(
              e -> {
                long[] shape = new long[e.getValue().size()];
                for (int i = 0; i < shape.length; i++) {
                  shape[i] = e.getValue().get(i).asLong();
                }
                shapes.put(e.getKey(), shape);
              });
      return shapes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An archive of these shapes, all of them views of one storage that is a hole in the file. */
  public static void writeHollow(Path file, Map<String, long[]> shapes) {
    long elements = 1;
    for (long[] shape : shapes.values()) {
      long n = 1;
      for (long side : shape) {
        n *= side;
      }
      elements = Math.max(elements, n);
    }
    RawPickle p = RawPickle.start().orderedDict().op('(');
    for (Map.Entry<String, long[]> e : shapes.entrySet()) {
      long[] stride = TorchArchive.strides(e.getValue());
      p.text(e.getKey()).tensor("BFloat16Storage", "0", elements, 0, e.getValue(), stride);
    }
    RawZip.of(file)
        .add("archive/data.pkl", p.op('u').stop())
        .addHollow("archive/data/0", elements * 2)
        .close();
  }
}
