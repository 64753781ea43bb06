package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Pixels;
import io.scalekv.model.vae.MapResize;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.model.var.MultiScaleVq;
import io.scalekv.model.var.VqVae;
import io.scalekv.model.var.VqVaeConfig;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** The tokenizer of VAR against the published definition: encoder, quantiser, decoder. */
class VqVaeParityTest {
  @TestFactory
  Stream<DynamicTest> tokenizer() {
    return ParityFiles.tests(n -> n.startsWith("vqvae-"), VqVaeParityTest::check);
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    VqVaeConfig config = config(ParityFiles.json(t, "config"));
    ScaleSchedule schedule = ParityFiles.schedule(ParityFiles.json(t, "schedule"));
    Weights weights = ParityFiles.weights(t, scope);
    VqVae vae = new VqVae(config, weights);
    VqVae.shapes(config)
        .forEach((name, shape) -> assertEquals(shape, weights.get(name).getShape(), name));
    assertEquals(324, weights.names().size());
    assertEquals(323, VqVae.shapes(config).size());

    NDArray image = t.load("in.image", scope);
    List<NDArray> layers = vae.encoderLayers(image);
    ParityFiles.assertClose(t, "out.encoder.down2_downsample", layers.get(2), 5e-4);
    ParityFiles.assertClose(t, "out.encoder.mid_block_2", layers.get(4), 5e-4);
    NDArray latent = vae.encode(image);
    ParityFiles.assertClose(t, "out.quant_conv", latent, 1e-4);

    MultiScaleVq vq = vae.quantiser();
    MultiScaleQuantiser.Quantised own = vq.quantise(latent, schedule);
    // what follows a choice is checked on the reference latent: nothing then hangs on rounding
    MultiScaleQuantiser.Quantised q = vq.quantise(t.load("out.quant_conv", scope), schedule);
    for (int k = 0; k < schedule.scales(); k++) {
      String scale = "out.scale" + k + ".";
      assertSame(t, scale + "indices", own.chosen().get(k));
      assertSame(t, scale + "indices", q.chosen().get(k));
      ParityFiles.assertClose(t, scale + "residual_in", q.reduced().get(k), 1e-5);
      ParityFiles.assertClose(t, scale + "f_hat", q.sums().get(k), 5e-6);
      NDArray codes = vq.codes(q.chosen().get(k), schedule.map(k));
      NDArray up = MapResize.bicubic(codes, schedule.last());
      ParityFiles.assertClose(t, scale + "upsampled", up, 5e-6);
      ParityFiles.assertClose(t, scale + "phi", vq.enlarge(codes, k, schedule), 5e-6);
    }
    NDArray decoded = vae.decode(q.summed());
    ParityFiles.assertClose(t, "out.decoded_raw", decoded, 2e-4);
    assertImage(t, "out.image_u8_rgb", Pixels.toImages(decoded));
  }

  /** A tokenizer's configuration as the golden files write it. */
  static VqVaeConfig config(JsonNode n) {
    List<Integer> multipliers = new ArrayList<>();
    n.get("ch_mult").forEach(m -> multipliers.add(m.asInt()));
    int blocks = n.get("num_res_blocks").asInt();
    return new VqVaeConfig(
        n.get("vocab_size").asInt(),
        n.get("z_channels").asInt(),
        1 << multipliers.size() - 1,
        n.get("ch").asInt(),
        multipliers,
        blocks,
        blocks + 1,
        32);
  }

  private static void assertSame(TensorSource t, String name, NDArray indices) {
    ParityFiles.assertSame(t, name, indices.toType(DataType.FLOAT32, false));
  }

  /** Bytes within one, red, green, blue. */
  static void assertImage(TensorSource t, String name, List<RgbImage> images) {
    int[] expected = t.ints(name);
    int at = 0;
    for (RgbImage image : images) {
      for (byte got : image.rgb()) {
        int want = expected[at++];
        assertTrue(Math.abs(want - (got & 0xff)) <= 1, name + ": " + want + ", got " + got);
      }
    }
    assertEquals(expected.length, at, name);
  }
}
