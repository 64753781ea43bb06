package io.scalekv.model.var;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Prompt;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.WeightsFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weight files in the forms in which people have them. */
class VarFilesTest {
  @TempDir Path folder;

  private final VarModelConfig tiny = VarCheckpoint.tiny("tiny", false);

  private static Map<String, Shape> tokenizer(VqVaeConfig config) {
    Map<String, Shape> all = new TreeMap<>(VqVae.shapes(config));
    all.put("quantize.ema_vocab_hit_SV", new Shape(10, config.codes()));
    return all;
  }

  private RgbImage draw(VarModelConfig config) {
    ModelSource source = new ModelSource.Folder(folder);
    try (ImageModel model = config.open(source, LoadOptions.of(false), LoadListener.NONE)) {
      Drawing drawing = Drawing.defaults(config);
      return model
          .draw(
              drawing,
              List.of(new Prompt("2", 5)),
              model.fullCache(drawing.schedule()),
              List.of(),
              GenerationListener.NONE)
          .get(0);
    }
  }

  /** The published form and a training file that also holds a tokenizer draw the same image. */
  @Test
  void slimAndTrainingFilesDraw() throws IOException {
    Path vae = folder.resolve("vae_ch160v4096z32.pth");
    VarCheckpoint.write(vae, tokenizer(tiny.tokenizer()), n -> true);
    Path slim = folder.resolve("var_d3.pth");
    Map<String, Shape> all = VarCheckpoint.transformer(tiny.transformer());
    VarCheckpoint.write(slim, all, n -> true);
    RgbImage image = draw(tiny);
    assertEquals(24, image.width());
    Files.delete(slim);
    VarCheckpoint.write(
        folder.resolve("ar-ckpt-last.pth"), all, n -> true, "trainer", "var_wo_ddp");
    assertEquals(image, draw(tiny));
  }

  @Test
  void filesWithoutTemperaturesAreRefusedByName() {
    VarCheckpoint.write(
        folder.resolve("vae_ch160v4096z32.pth"), tokenizer(tiny.tokenizer()), n -> true);
    VarCheckpoint.write(
        folder.resolve("var_d3.pth"),
        VarCheckpoint.transformer(tiny.transformer()),
        n -> !n.endsWith("scale_mul_1H11"));
    WeightsFileException e = assertThrows(WeightsFileException.class, () -> draw(tiny));
    assertTrue(e.getMessage().contains("blocks.0.attn.scale_mul_1H11"), e.getMessage());
  }

  /** Files of the published names, shapes and sizes. */
  @Test
  @Tag("full")
  void filesOfTheRealSizeDraw() throws IOException {
    VarModelConfig d16 = (VarModelConfig) ModelCatalog.config("var-d16");
    Path transformer = folder.resolve("var_d16.pth");
    VarCheckpoint.write(transformer, VarCheckpoint.transformer(d16.transformer()), n -> true);
    assertEquals(1_243_054_656, Files.size(transformer), 1e5);
    Path vae = folder.resolve("vae_ch160v4096z32.pth");
    VarCheckpoint.write(vae, tokenizer(d16.tokenizer()), n -> true);
    assertEquals(435_957_260, Files.size(vae), 3e5);
    RgbImage image = draw(d16);
    assertEquals(256, image.width());
    assertEquals(256, image.height());
  }
}
