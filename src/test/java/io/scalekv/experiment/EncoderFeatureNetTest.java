package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import io.scalekv.metrics.FeatureMap;
import io.scalekv.metrics.Ladder;
import io.scalekv.metrics.LpipsProxy;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.infinity.InfinityModelConfig;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Features of the model's own encoder. */
final class EncoderFeatureNetTest {
  private static RgbImage image(long seed) {
    byte[] rgb = new byte[3 * 64 * 64];
    new Random(seed).nextBytes(rgb);
    return RgbImage.of(64, 64, rgb);
  }

  @Test
  void oneLayerForEveryHalvingAndTheMiddle() {
    ModelConfig config = ModelCatalog.config("pocket");
    try (ImageModel model = ImageModel.open(config, new ModelSource.Shipped(), false);
        EncoderFeatureNet net = new EncoderFeatureNet(model)) {
      List<FeatureMap> layers = net.features(List.of(image(1), image(2), image(1)));
      int halvings = InfinityModelConfig.cast(config).tokenizer().halvings();
      assertEquals(halvings + 1, layers.size());
      for (int i = 0; i < halvings; i++) {
        assertEquals(64 >> (i + 1), layers.get(i).height());
        assertEquals(
            InfinityModelConfig.cast(config).tokenizer().width(i), layers.get(i).channels());
      }
      assertEquals(64 >> halvings, layers.get(halvings).width());
      double[][] pooled = net.pooled(List.of(image(1), image(2), image(1)));
      for (int c = 0; c < pooled[0].length; c++) {
        assertEquals(pooled[0][c], pooled[2][c], 1e-6);
      }
      RgbImage soft = Ladder.BLUR_2.apply(image(1));
      assertEquals(0, LpipsProxy.of(net, soft, soft));
      assertTrue(
          LpipsProxy.of(net, soft, Ladder.JPEG_50.apply(soft))
              < LpipsProxy.of(net, soft, Ladder.JPEG_10.apply(soft)));
      assertTrue(net.hash().startsWith("sha256:"), net.hash());
      assertEquals(config.tokenizerHash(new ModelSource.Shipped()), net.hash());
      assertEquals(config.weightHash(new ModelSource.Shipped()), model.weightHash());
      assertThrows(IllegalArgumentException.class, () -> net.features(List.of()));
    }
  }
}
