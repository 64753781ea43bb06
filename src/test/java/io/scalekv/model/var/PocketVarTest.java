package io.scalekv.model.var;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Pixels;
import io.scalekv.scene.SceneClasses;
import io.scalekv.scene.SceneRenderer;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The shipped class-conditional model. */
class PocketVarTest {
  private static final VarModelConfig CONFIG = (VarModelConfig) ModelCatalog.config("pocket-var");
  private static final CheckpointFolder FILES =
      CheckpointFolder.of(CONFIG, new ModelSource.Shipped());

  @Test
  void captionsAreThoseOfTheClasses() {
    assertEquals(
        IntStream.range(0, SceneClasses.COUNT)
            .mapToObj(i -> SceneClasses.scene(i).caption())
            .toList(),
        CONFIG.captions());
  }

  @Test
  void isSmall() throws IOException {
    assertTrue(Files.size(FILES.transformer()) + Files.size(FILES.tokenizer()) <= 12_000_000);
  }

  /** Every further map brings the reconstruction nearer to the image, the last one above 25 dB. */
  @Test
  void reconstructionGrowsWithTheMaps() {
    ScaleSchedule schedule = CONFIG.transformer().schedule();
    SplittableRandom random = new SplittableRandom(4);
    List<RgbImage> images =
        IntStream.range(0, 16)
            .mapToObj(i -> SceneClasses.scene(random.nextInt(SceneClasses.COUNT)))
            .map(scene -> SceneRenderer.render(scene, random, 64))
            .toList();
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorSource file = SafetensorsFile.open(FILES.tokenizer());
        Weights weights = Weights.load(manager, file)) {
      VqVae vae = new VqVae(CONFIG.tokenizer(), weights);
      NDArray x = Pixels.toArray(manager, images);
      double last = 0;
      for (NDArray sum : vae.quantiser().quantise(vae.encode(x), schedule).sums()) {
        double error = vae.decode(sum).clip(-1, 1).sub(x).square().mean().getFloat();
        double psnr = 10 * Math.log10(4 / error);
        assertTrue(psnr > last, last + " dB, then " + psnr);
        last = psnr;
      }
      assertTrue(last > 25, last + " dB");
    }
  }
}
