package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.scalekv.cache.Budget;
import io.scalekv.experiment.Calibrator;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.PromptSet;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
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
      Calibrator calibrator =
          new Calibrator(model, Calibrator.Options.defaults(config, Budget.parse("30%")));
      RolesDocument document =
          calibrator
              .classify(
                  calibrator.measure(texts, done -> {}),
                  PromptSet.of("prompts.txt", Files.readAllBytes(prompts), texts),
                  SoftwareVersions.current().forRoles(),
                  Instant.EPOCH)
              .document();
      assertEquals(
          RolesJson.text(RolesJson.read(out.resolve("roles.json")).withTimestamp(Instant.EPOCH)),
          RolesJson.text(document));
    }
  }
}
