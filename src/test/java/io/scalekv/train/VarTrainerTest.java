package io.scalekv.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.CheckpointNames;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.var.VarConfig;
import io.scalekv.model.var.VarWeights;
import io.scalekv.model.var.VqVae;
import io.scalekv.model.var.VqVaeConfig;
import io.scalekv.scene.SceneClasses;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both trainers of the VAR family on the smallest models that have all their parts. */
class VarTrainerTest {
  private static final VqVaeConfig TOKENIZER = new VqVaeConfig(8, 3, 2, 4, List.of(1, 2), 1, 1, 2);
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 4);
  private static final VarConfig CONFIG =
      new VarConfig(2, 16, 2, 32, SceneClasses.COUNT, 8, 3, List.of(1, 2, 3, 4), false);

  @TempDir Path folder;

  private NDManager manager;
  private VqVae vae;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
    Engine.getInstance().setRandomSeed(3);
    vae = new VqVae(TOKENIZER, VqVae.initialWeights(manager, TOKENIZER));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static PocketTraining.Options options(Path folder, int vaeSteps, int steps) {
    int decay = Math.min(2, steps);
    Curriculum curriculum = Curriculum.LAST_MAPS;
    Recipe recipe =
        new Recipe(
            "pocket-var", 9, vaeSteps, null, steps, decay, 0.01, 0.999, curriculum, 600, false);
    return new PocketTraining.Options(recipe, ComputeDevice.CPU, folder, Duration.ZERO, null);
  }

  private Path tokenizer(String name, int steps, Consumer<String> log) throws IOException {
    Path own = Files.createDirectories(folder.resolve(name));
    Path result = own.resolve(CheckpointNames.TOKENIZER);
    VqVaeTrainer.train(
        TOKENIZER, new TokenizerRun(SCHEDULE, 2, 0.01, options(own, steps, 1), result), log);
    return result;
  }

  private Path transformer(String name, int steps, Weights from, Consumer<String> log)
      throws IOException {
    Path own = Files.createDirectories(folder.resolve(name));
    ScaleBatches batches = new ScaleBatches(SCHEDULE, Curriculum.LAST_MAPS, 60, steps, 9);
    TransformerRun run = new TransformerRun(batches, options(own, 0, steps), from);
    VarTrainer.train(CONFIG, vae, run, log);
    return own.resolve(CheckpointNames.TRANSFORMER);
  }

  /** Stands for a process that is killed at its first report. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static void kill(String line) {
    throw new Killed();
  }

  private static void assertSame(Path a, Path b, Map<String, Shape> shapes) {
    try (TensorSource x = SafetensorsFile.open(a);
        TensorSource y = SafetensorsFile.open(b)) {
      assertEquals(new TreeSet<>(shapes.keySet()), new TreeSet<>(x.names()));
      for (String name : x.names()) {
        assertArrayEquals(shapes.get(name).getShape(), x.info(name).shape());
        assertArrayEquals(x.floats(name), y.floats(name), name);
      }
      assertEquals(x.metadata().get("images"), y.metadata().get("images"));
    }
  }

  @Test
  void resumedTokenizerEndsInTheSameBits() throws IOException {
    List<String> log = new ArrayList<>();
    Path straight = tokenizer("straight", 22, log::add);
    assertThrows(Killed.class, () -> tokenizer("broken", 22, VarTrainerTest::kill));
    assertSame(straight, tokenizer("broken", 22, line -> {}), VqVae.shapes(TOKENIZER));
    String last = log.get(log.size() - 1);
    assertTrue(last.matches("vae reconstruction \\S+ dB, \\S+ % of the codebook used, .*"), last);
  }

  @Test
  void resumedTransformerEndsInTheSameBits() throws IOException {
    int before = manager.getManagedArrays().size();
    List<String> log = new ArrayList<>();
    Path straight = transformer("straight", 21, null, log::add);
    assertEquals(before, manager.getManagedArrays().size(), "the tokenizer's arrays are alone");
    assertTrue(log.get(0).startsWith("transformer step 20/21 loss 2."), log.get(0));
    assertThrows(Killed.class, () -> transformer("broken", 21, null, VarTrainerTest::kill));
    assertSame(straight, transformer("broken", 21, null, line -> {}), VarWeights.shapes(CONFIG));
  }

  /** Codes that nothing chooses move to where residuals are: all are in use soon. */
  @Test
  void deadCodesStartAgain() throws IOException {
    List<String> log = new ArrayList<>();
    tokenizer("restarts", 30, log::add);
    assertTrue(log.get(log.size() - 1).contains(" 100.0 % of the codebook used"), log.toString());
  }

  @Test
  void startsFromGivenWeights() throws IOException {
    Path first = transformer("first", 1, null, line -> {});
    try (TensorSource file = SafetensorsFile.open(first);
        Weights start = Weights.load(manager, file);
        TensorSource second = SafetensorsFile.open(transformer("second", 1, start, line -> {}))) {
      for (String name : List.of("head.weight", "class_emb.weight")) {
        float[] from = file.floats(name);
        float[] to = second.floats(name);
        for (int i = 0; i < from.length; i++) {
          assertEquals(from[i], to[i], 0.01f, name + " is one step from there");
        }
      }
    }
  }

  @Test
  void wrongOptionsAreRefused() {
    VarConfig ten = new VarConfig(2, 16, 2, 32, 10, 8, 3, List.of(1, 2, 3, 4), false);
    VarConfig nine =
        new VarConfig(2, 16, 2, 32, SceneClasses.COUNT, 9, 3, List.of(1, 2, 3, 4), false);
    ScaleBatches batches = new ScaleBatches(SCHEDULE, Curriculum.LAST_MAPS, 60, 1, 9);
    for (VarConfig config : List.of(ten, nine)) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  VarTrainer.train(
                      config,
                      vae,
                      new TransformerRun(batches, options(folder, 0, 1), null),
                      line -> {}));
      assertTrue(e.getMessage().endsWith(config.equals(ten) ? "got 10" : "got 9"), e.getMessage());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> new ScaleBatches(ScaleSchedule.ofSides(1, 2, 4), Curriculum.LAST_MAPS, 60, 1, 9));
  }
}
