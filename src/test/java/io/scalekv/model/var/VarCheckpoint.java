package io.scalekv.model.var;

import ai.djl.ndarray.types.Shape;
import io.scalekv.weights.RawPickle;
import io.scalekv.weights.RawZip;
import io.scalekv.weights.TorchArchive;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Checkpoints under the names and in the form of the published files, with random numbers. */
public final class VarCheckpoint {
  /** A small model whose classes have captions of the scene language, or none. */
  public static VarModelConfig tiny(String name, boolean captions) {
    List<Integer> sides = List.of(1, 2, 3, 4, 6);
    return new VarModelConfig(
        VarModelConfig.FORMAT,
        name,
        new VarConfig(3, 48, 3, 96, 4, 64, 8, sides, false),
        new VqVaeConfig(64, 8, 4, 32, List.of(1, 1, 1), 1, 1, 32),
        captions
            ? List.of("red circle", "blue square", "green circle", "white square").stream()
                .map(what -> "a large solid " + what + " at center on a plain yellow background")
                .toList()
            : null);
  }

  private VarCheckpoint() {}

  /** The transformer's names with the buffers of a published file. */
  static Map<String, Shape> transformer(VarConfig config) {
    Map<String, Shape> all = new TreeMap<>(VarWeights.shapes(config));
    all.putAll(VarWeights.buffers(config));
    return all;
  }

  /**
   * Writes an archive of {@code torch.save}: one storage a tensor.
   *
   * @param place keys that lead to the state dict
   */
  static void write(
      Path file, Map<String, Shape> shapes, Predicate<String> names, String... place) {
    RawPickle p = RawPickle.start();
    for (String key : place) {
      p.op('}').text(key);
    }
    p.orderedDict().op('(');
    int[] keys = new int[1];
    shapes.forEach(
        (name, shape) -> {
          if (names.test(name)) {
            String type = name.equals("lvl_1L") ? "LongStorage" : "FloatStorage";
            p.text(name).global("torch._utils", "_rebuild_tensor_v2").op('(');
            p.storage(type, Integer.toString(keys[0]++), shape.size()).number(0);
            p.numbers(shape.getShape()).numbers(TorchArchive.strides(shape.getShape()));
            p.op(0x89).orderedDict().op('t', 'R');
          }
        });
    p.op('u');
    for (String ignored : place) {
      p.op('s');
    }
    RawZip zip = RawZip.of(file).add("archive/data.pkl", p.stop());
    keys[0] = 0;
    shapes.forEach(
        (name, shape) -> {
          if (names.test(name)) {
            zip.add("archive/data/" + keys[0]++, numbers(name, Math.toIntExact(shape.size())));
          }
        });
    zip.add("archive/version", new byte[] {'3', '\n'}).close();
  }

  private static byte[] numbers(String name, int count) {
    if (name.equals("lvl_1L")) {
      return new byte[8 * count];
    }
    SplittableRandom random = new SplittableRandom(name.hashCode());
    ByteBuffer bytes = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
    boolean mask = name.equals("attn_bias_for_masking");
    float scale = name.endsWith("scale_mul_1H11") || name.contains("embedding") ? 2 : 0.1f;
    for (int i = 0; i < count; i++) {
      float x = scale * (random.nextInt(1 << 24) * 0x1p-24f - 0.5f);
      bytes.putFloat(mask ? (i % 2 == 0 ? 0 : Float.NEGATIVE_INFINITY) : x);
    }
    return bytes.array();
  }
}
