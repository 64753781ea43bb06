package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.io.Software;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.scene.PromptFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library's defaults are those of the command. */
final class CalibratorDefaultsTest {
  @TempDir Path folder;

  @Test
  void theLibraryFindsWhatTheCommandFinds() throws IOException {
    TinyExperiment.writeModel(folder);
    Path prompts = folder.resolve("prompts.txt");
    Path out = folder.resolve("out");
    Said said =
        Said.of(
            "calibrate",
            "--model",
            folder.resolve("model"),
            "--random-weights",
            "3",
            "--prompts",
            prompts,
            "--limit",
            "3",
            "--budget",
            "30%",
            "--out",
            out,
            "-q");
    assertEquals(0, said.code(), said.err());

    List<String> texts = PromptFile.read(prompts).subList(0, 3);
    ModelConfig config = ModelCatalog.read(folder.resolve("model/config.json"));
    try (ImageModel model = ImageModel.open(config, new ModelSource.Random(3), false)) {
      DrawnAttention source =
          new DrawnAttention(
              model,
              Drawing.defaults(config),
              PromptSet.of("prompts.txt", Files.readAllBytes(prompts), texts));
      MemoryModel memory = config.geometry().memory(CacheType.FP32, CacheType.FP32, 2, 1);
      CalibrationRun run =
          new CalibrationRun(source, CalibrationRun.Options.defaults(Budget.parse("30%"), memory));
      Calibration calibration =
          run.calibration(
              run.measure(done -> {}), Software.current().byName(), Instant.EPOCH, done -> {});
      assertEquals(
          CalibrationFile.text(CalibrationFile.read(out.resolve("roles.json")).at(Instant.EPOCH)),
          CalibrationFile.text(calibration));
    }
  }
}
