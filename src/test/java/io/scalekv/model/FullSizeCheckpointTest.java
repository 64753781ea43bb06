package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.RawPickle;
import io.scalekv.weights.RawZip;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.TorchArchive;
import io.scalekv.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The checkpoint {@code infinity_125M_256x256.pth} in its published form, with random numbers: 274
 * float32 tensors that carry the attribute of torch's FSDP, one storage each.
 */
@Tag("full")
class FullSizeCheckpointTest {
  private static final String FILE = "infinity_125M_256x256.pth";

  @TempDir Path folder;

  private static ByteBuffer numbers(String name, int count) {
    SplittableRandom random = new SplittableRandom(name.hashCode());
    ByteBuffer bytes = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer floats = bytes.asFloatBuffer();
    for (int i = 0; i < count; i++) {
      floats.put(random.nextInt(1 << 24) * 0x1p-24f - 0.5f);
    }
    return bytes;
  }

  /** Writes the file with the names and shapes of the preset. */
  static Path write(Path folder) {
    InfinityModelConfig config = InfinityModelConfig.cast(ModelCatalog.config("infinity-125m"));
    Map<String, Integer> storages = new LinkedHashMap<>();
    RawPickle p = RawPickle.start().orderedDict().op('(');
    InfinityWeights.shapes(config.transformer())
        .forEach(
            (name, shape) -> {
              String key = Integer.toString(storages.size());
              int count = Math.toIntExact(shape.size());
              p.text(name).global("torch._tensor", "_rebuild_from_type_v2").op('(');
              p.global("torch._utils", "_rebuild_tensor_v2").global("torch", "Tensor").op('(');
              p.storage("FloatStorage", key, count).number(0).numbers(shape.getShape());
              p.numbers(TorchArchive.strides(shape.getShape())).op(0x89).orderedDict().op('t');
              p.op('}').text("_has_been_cloned").op(0x88, 's', 't', 'R');
              storages.put(name, count);
            });
    RawZip zip = RawZip.of(folder.resolve(FILE)).add("archive/data.pkl", p.op('u').stop());
    int key = 0;
    for (Map.Entry<String, Integer> e : storages.entrySet()) {
      zip.add("archive/data/" + key++, numbers(e.getKey(), e.getValue()).array());
    }
    return zip.add("archive/version", new byte[] {'3', '\n'}).close();
  }

  @Test
  void everyNumberIsRead() throws Exception {
    Path file = write(folder);
    assertEquals(501e6, Files.size(file), 1e6);
    ExpectedWeights expected = ModelCatalog.config("infinity-125m").transformerWeights();
    try (TensorSource source = expected.open(file);
        NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = expected.load(new Weights(manager), file, source, LoadListener.NONE)) {
      assertEquals(274, weights.names().size());
      long bytes = 0;
      for (String name : weights.names()) {
        NDArray array = weights.get(name);
        ByteBuffer got = array.toByteBuffer(true);
        assertTrue(numbers(name, Math.toIntExact(array.size())).equals(got), name);
        bytes += got.remaining();
      }
      assertTrue(bytes < Files.size(file) && bytes > Files.size(file) - 1_000_000, "" + bytes);
    }
  }
}
