package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Pixels;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The tokenizer against the published definition: encoder, quantiser, decoder. */
class VaeParityTest {
  @TestFactory
  Stream<DynamicTest> tokenizer() {
    return ParityFiles.tests(n -> n.startsWith("vae-"), VaeParityTest::check);
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    VaeConfig config = ParityFiles.vaeConfig(ParityFiles.json(t, "config"));
    ScaleSchedule schedule = ParityFiles.schedule(ParityFiles.json(t, "schedule"));
    Weights weights = ParityFiles.weights(t, scope);
    Vae vae = new Vae(config, weights);
    MultiScaleBsq bsq = new MultiScaleBsq(config.codeBits());
    Vae.shapes(config)
        .forEach(
            (name, shape) ->
                assertTrue(
                    weights.get(name).getShape().equals(shape),
                    () -> name + ": " + weights.get(name).getShape() + ", expected " + shape));
    assertTrue(
        Vae.shapes(config).size() == weights.names().size(), "as many weights as the file has");

    NDArray z = vae.encode(t.load("in.image", scope));
    ParityFiles.assertClose(t, "out.encoder_h", z, 5e-5);
    // the quantiser is checked on the reference latent: no decision then hangs on rounding
    MultiScaleQuantiser.Quantised q = bsq.quantise(t.load("out.encoder_h", scope), schedule);
    MultiScaleQuantiser.Quantised own = bsq.quantise(z, schedule);
    for (int k = 0; k < schedule.scales(); k++) {
      ParityFiles.assertClose(t, "out.scale" + k + ".residual_in", q.reduced().get(k), 1e-6);
      ParityFiles.assertSame(t, "out.scale" + k + ".bits", q.chosen().get(k));
      ParityFiles.assertSame(t, "out.scale" + k + ".bits", own.chosen().get(k));
    }
    ParityFiles.assertClose(t, "out.z", q.summed(), 1e-6);
    ParityFiles.assertClose(t, "out.summed_codes", own.summed(), 1e-6);
    NDArray decoded = vae.decode(t.load("out.z", scope));
    ParityFiles.assertClose(t, "out.decoded_raw", decoded, 5e-5);
    assertImage(t, "out.image_u8_bgr", Pixels.toImages(decoded).toArray(RgbImage[]::new));
  }

  /** Bytes within one, the reference's channels being blue, green, red. */
  static void assertImage(TensorSource t, String name, RgbImage... images) {
    int[] expected = t.ints(name);
    int at = 0;
    for (RgbImage image : images) {
      for (int y = 0; y < image.height(); y++) {
        for (int x = 0; x < image.width(); x++) {
          int rgb = image.packed(x, y);
          int[] bgr = {rgb & 255, rgb >> 8 & 255, rgb >> 16};
          for (int got : bgr) {
            int want = expected[at++];
            assertTrue(
                Math.abs(want - got) <= 1, () -> name + ": " + want + " expected, got " + got);
          }
        }
      }
    }
    assertTrue(at == expected.length, name + ": " + expected.length + " bytes expected");
  }
}
