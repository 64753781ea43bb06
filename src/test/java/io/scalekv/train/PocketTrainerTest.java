package io.scalekv.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.text.WordEmbedder;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole trainer on the smallest model that has all its parts. */
class PocketTrainerTest {
  private static final InfinityConfig CONFIG =
      new InfinityConfig(2, 16, 2, 32, 4, false, 128, 17, 1);
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 4);

  private static final Duration EVERY = Duration.ofMinutes(3);

  @TempDir Path folder;

  private NDManager manager;
  private Vae vae;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
    Engine.getInstance().setRandomSeed(3);
    VaeConfig config = new VaeConfig(4, 4, 4, List.of(1, 1, 1), 1, 1, 2);
    vae = new Vae(config, Vae.initialWeights(manager, config));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static PocketTraining.Options options(Path folder, int steps) {
    int decay = Math.min(2, steps);
    Curriculum curriculum = Curriculum.LAST_MAPS;
    Recipe recipe =
        new Recipe("pocket", 9, 0, null, steps, decay, 0.01, 0.999, curriculum, 600, false);
    return new PocketTraining.Options(recipe, ComputeDevice.CPU, folder, EVERY, null);
  }

  private Path train(String name, int steps, Weights from, Consumer<String> log)
      throws IOException {
    Path own = Files.createDirectories(folder.resolve(name));
    ScaleBatches batches = new ScaleBatches(SCHEDULE, Curriculum.LAST_MAPS, 60, steps, 9);
    PocketTrainer.train(
        CONFIG,
        vae,
        new TokenMap(4, 4),
        new TransformerRun(batches, options(own, steps), from),
        log);
    return own;
  }

  private static Path weightsIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> f.toString().endsWith(".safetensors"))
          .filter(f -> !f.toString().contains("checkpoint"))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void writesEveryWeightAndTheSameTwice() throws IOException {
    List<String> log = new ArrayList<>();
    int before = manager.getManagedArrays().size();
    Path a = train("a", 5, null, log::add);
    assertEquals(before, manager.getManagedArrays().size(), "the tokenizer's arrays are alone");
    assertEquals(1, log.size());
    assertTrue(log.get(0).startsWith("transformer step 5/5 loss 0."), log.get(0));
    Path b = train("b", 5, null, log::add);
    Map<String, Shape> shapes = new LinkedHashMap<>(InfinityWeights.shapes(CONFIG));
    shapes.putAll(WordEmbedder.shapes(CONFIG.textWidth()));
    try (TensorSource x = SafetensorsFile.open(weightsIn(a));
        TensorSource y = SafetensorsFile.open(weightsIn(b))) {
      assertEquals(new TreeSet<>(shapes.keySet()), new TreeSet<>(x.names()));
      for (String name : x.names()) {
        assertArrayEquals(shapes.get(name).getShape(), x.info(name).shape());
        assertArrayEquals(x.floats(name), y.floats(name), name);
      }
    }
  }

  @Test
  void startsFromGivenWeights() throws IOException {
    train("first", 1, null, line -> {});
    try (Weights start = new Weights(manager);
        TensorSource file = SafetensorsFile.open(weightsIn(folder.resolve("first")))) {
      for (String name : file.names()) {
        start.put(name, file.load(name, start.manager()));
      }
      train("second", 1, start, line -> {});
      try (TensorSource second = SafetensorsFile.open(weightsIn(folder.resolve("second")))) {
        float[] from = file.floats("head.weight");
        float[] to = second.floats("head.weight");
        double moved = 0;
        for (int i = 0; i < from.length; i++) {
          moved = Math.max(moved, Math.abs(from[i] - to[i]));
        }
        assertTrue(moved < 0.01, "one step from there, not from elsewhere: " + moved);
      }
    }
  }

  @Test
  void wrongOptionsAreRefused() {
    InfinityConfig five = new InfinityConfig(2, 16, 2, 32, 5, false, 128, 17, 1);
    ScaleBatches batches = new ScaleBatches(SCHEDULE, Curriculum.LAST_MAPS, 60, 1, 9);
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                PocketTrainer.train(
                    five,
                    vae,
                    new TokenMap(4, 4),
                    new TransformerRun(batches, options(folder, 1), null),
                    line -> {}));
    assertTrue(e.getMessage().endsWith("got 5"), e.getMessage());
  }
}
