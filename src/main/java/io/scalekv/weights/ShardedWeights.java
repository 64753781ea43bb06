package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;
import static io.scalekv.weights.WeightsFileException.tensor;

import io.scalekv.io.JsonStream;
import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Opener of weights in several files with an index, as large models are published ({@code
 * model.safetensors.index.json}, {@code pytorch_model.bin.index.json}). A shard is a safetensors
 * file or one of {@code torch.save}, by its content. The shards are in the folder of the index; the
 * index and the shards must name exactly the same tensors.
 *
 * <p>The metadata holds the plain values of the index's own {@code metadata} object.
 */
public final class ShardedWeights {
  private ShardedWeights() {}

  /**
   * Opens an index and all its shards and checks that they agree.
   *
   * @throws WeightsFileException if a file is missing, malformed or contradicts another
   */
  public static TensorSource open(Path index) {
    Index parsed = readIndex(index);
    Map<String, TensorSource> shards = new LinkedHashMap<>();
    boolean opened = false;
    try {
      for (String shard : parsed.shardOf().values()) {
        if (!shards.containsKey(shard)) {
          shards.put(shard, shard(index, shard));
        }
      }
      checkAgreement(index, parsed.shardOf(), shards);
      Map<String, TensorFile.Tensor> tensors = new LinkedHashMap<>();
      parsed
          .shardOf()
          .forEach(
              (name, shard) -> {
                TensorSource source = shards.get(shard);
                tensors.put(
                    name, new TensorFile.Tensor(source.info(name), () -> source.bytes(name)));
              });
      opened = true;
      return new TensorFile(
          index,
          "in the index",
          new Shards(shards.values()),
          new TensorFile.Contents(tensors, parsed.metadata()));
    } finally {
      if (!opened) {
        shards.values().forEach(TensorSource::close);
      }
    }
  }

  /** Shards as one channel; each checks itself whether it is open. */
  private record Shards(Collection<TensorSource> all) implements Channel {
    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {
      all.forEach(TensorSource::close);
    }
  }

  /** Content of the index: the shard of each tensor, and plain metadata values. */
  private record Index(Map<String, String> shardOf, Map<String, String> metadata) {}

  private static Index readIndex(Path index) {
    require(Files.isRegularFile(index), index, "index", "a file", "none");
    byte[] text;
    try {
      atMost(JsonStream.LARGEST, index, "bytes of the index", Files.size(index));
      text = Files.readAllBytes(index);
    } catch (IOException e) {
      throw WeightsFileException.io(index, "cannot read", e);
    }
    return JsonStream.readObject(
        text, WeightsFileException.refusal(index, "index"), json -> readIndex(index, json));
  }

  private static Index readIndex(Path index, JsonParser json) {
    Map<String, String> shardOf = null;
    Map<String, String> metadata = new LinkedHashMap<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "weight_map" -> shardOf = readWeightMap(index, json);
        case "metadata" -> readMetadata(json, metadata);
        default -> json.skipChildren();
      }
    }
    boolean named = shardOf != null && !shardOf.isEmpty();
    require(named, index, "weight_map", "an object of tensors and their shards", shardOf);
    return new Index(shardOf, Collections.unmodifiableMap(metadata));
  }

  private static Map<String, String> readWeightMap(Path index, JsonParser json) {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw WeightsFileException.in(index, "weight_map", "an object", JsonStream.describe(json));
    }
    Map<String, String> shardOf = new LinkedHashMap<>();
    Map<String, String> known = new LinkedHashMap<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      json.nextToken();
      String shard = json.currentToken() == JsonToken.VALUE_STRING ? json.getString() : null;
      if (shard == null || !isPlainName(shard)) {
        throw WeightsFileException.in(
            index,
            "shard of tensor " + quote(name),
            "a plain file name in the folder of the index",
            JsonStream.describe(json));
      }
      shardOf.put(name, known.computeIfAbsent(shard, s -> s));
    }
    return shardOf;
  }

  private static boolean isPlainName(String shard) {
    boolean plain = !shard.isBlank() && !shard.equals(".") && !shard.equals("..");
    for (int i = 0; i < shard.length(); i++) {
      char c = shard.charAt(i);
      plain &= c != '/' && c != '\\' && c != ':' && !Character.isISOControl(c);
    }
    return plain;
  }

  private static void readMetadata(JsonParser json, Map<String, String> metadata) {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      json.skipChildren();
      return;
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      if (json.nextToken().isScalarValue()) {
        metadata.put(key, json.getString());
      } else {
        json.skipChildren();
      }
    }
  }

  /** Opens a shard, which may be a link as in the caches of the Hugging Face hub. */
  private static TensorSource shard(Path index, String shard) {
    Path path = index.resolveSibling(shard);
    require(Files.exists(path), index, "shard " + quote(shard), "a file", "none");
    return WeightsForm.openShard(path);
  }

  private static void checkAgreement(
      Path index, Map<String, String> shardOf, Map<String, TensorSource> shards) {
    Map<String, String> found = new LinkedHashMap<>();
    shards.forEach(
        (shard, source) -> {
          for (String name : source.names()) {
            String earlier = found.putIfAbsent(name, shard);
            require(
                earlier == null, index, tensor(name), "in one shard", earlier + " and " + shard);
            String what = tensor(name) + " of " + shard;
            require(shardOf.containsKey(name), index, what, "in weight_map", "no entry");
          }
        });
    shardOf.forEach(
        (name, shard) -> {
          if (!shard.equals(found.get(name))) {
            String got = found.get(name);
            throw WeightsFileException.in(
                index, tensor(name), "in shard " + shard, got == null ? "no shard" : got);
          }
        });
  }
}
