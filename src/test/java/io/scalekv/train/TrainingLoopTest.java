package io.scalekv.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.Pixels;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import io.scalekv.weights.WeightsFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stopping, resuming and reporting, on a tokenizer of a few hundred weights. */
class TrainingLoopTest {
  private static final VaeConfig VAE = new VaeConfig(4, 2, 4, List.of(1, 2), 1, 1, 2);
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4);

  @TempDir Path folder;

  /** Stands for a process that is killed. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private TrainingLoop.Options options(String name, int steps, long seed) {
    return new TrainingLoop.Options(
        folder,
        name,
        steps,
        seed,
        new LearningRate(0.01, 2, 2, 0.1),
        new AdamW.Options(0.9, 0.98, 0.01, 1, 0.9),
        Duration.ZERO,
        2);
  }

  /** One process: fresh weights, one run, killed before the loss of step {@code killAt}. */
  private List<TrainingLoop.Report> process(TrainingLoop.Options options, int killAt) {
    List<TrainingLoop.Report> reports = new ArrayList<>();
    Engine.getInstance().setRandomSeed(1);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = Vae.initialWeights(manager, VAE)) {
      MultiScaleBsq bsq = new MultiScaleBsq(VAE.codeBits());
      Vae vae = new Vae(VAE, weights);
      List<Integer> arrays = new ArrayList<>();
      new TrainingLoop(options, weights)
          .run(
              (scope, step) -> {
                arrays.add(manager.getManagedArrays().size());
                if (step == killAt) {
                  throw new Killed();
                }
                NDArray x = Pixels.toArray(scope, VaeTrainer.scenes(options.seed(), step, 2, 8));
                NDArray noise = scope.randomNormal(0, 0.1f, x.getShape(), DataType.FLOAT32);
                NDArray z = vae.encode(x.add(noise));
                NDArray q = bsq.quantise(TorchOps.call("stop_gradient", z), SCHEDULE).summed();
                return TorchOps.call("mse", vae.decode(TorchOps.call("straight_through", z, q)), x);
              },
              reports::add,
              (average, at) -> assertFalse(average.names().isEmpty()));
      // the first step makes the quantiser's patterns; after it nothing may stay behind
      assertTrue(arrays.stream().skip(1).distinct().count() <= 1, "arrays by step " + arrays);
      return reports;
    }
  }

  private void assertSameTensors(Path a, Path b) {
    try (TensorSource x = SafetensorsFile.open(a);
        TensorSource y = SafetensorsFile.open(b)) {
      assertEquals(x.names(), y.names());
      for (String name : x.names()) {
        assertArrayEquals(x.floats(name), y.floats(name), name);
      }
      assertEquals(x.metadata().get("step"), y.metadata().get("step"));
    }
  }

  @Test
  void resumedRunEndsInTheSameBits() throws IOException {
    TrainingLoop.Options straight = options("straight", 6, 5);
    process(straight, -1);
    TrainingLoop.Options broken = options("broken", 6, 5);
    assertThrows(Killed.class, () -> process(broken, 4));
    try (TensorSource t = SafetensorsFile.open(broken.checkpoint())) {
      assertEquals("3", t.metadata().get("step"));
    }
    process(broken, -1);
    assertSameTensors(straight.checkpoint(), broken.checkpoint());
    assertEquals(List.of("step", "2", "4", "6"), firstColumn(broken.curve()));
    // the losses of step 3, before the kill, are in the mean of steps 3 and 4
    assertEquals(withoutSeconds(straight.curve()), withoutSeconds(broken.curve()));

    TrainingLoop.Options other = options("other", 6, 6);
    process(other, -1);
    try (TensorSource x = SafetensorsFile.open(straight.checkpoint());
        TensorSource y = SafetensorsFile.open(other.checkpoint())) {
      String name = "p.encoder.conv_in.conv.weight";
      assertFalse(Arrays.equals(x.floats(name), y.floats(name)), "the seed matters");
    }
  }

  private static List<String> withoutSeconds(Path curve) throws IOException {
    return Files.readAllLines(curve).stream().map(l -> l.substring(0, l.lastIndexOf(','))).toList();
  }

  private static List<String> firstColumn(Path curve) throws IOException {
    return Files.readAllLines(curve).stream().map(l -> l.substring(0, l.indexOf(','))).toList();
  }

  @Test
  void linesAfterTheCheckpointAreDroppedFromTheCurve() throws IOException {
    TrainingLoop.Options o = options("curve", 4, 5);
    assertThrows(Killed.class, () -> process(o, 2));
    // a killed run had reported further than its last checkpoint
    Files.writeString(
        o.curve(),
        "step,loss,gradientNorm,learningRate,seconds\n2,9,9,9,9\n4,9,9,9,9\n6,9,9,9,9\n8,9");
    process(o, -1);
    assertEquals(List.of("step", "2", "4"), firstColumn(o.curve()));
    assertFalse(Files.readString(o.curve()).contains("9,9,9"));
    try (var files = Files.list(folder)) {
      assertEquals(2, files.count(), "no leftovers");
    }
  }

  @Test
  void finishedRunIsNotRepeated() throws IOException {
    TrainingLoop.Options o = options("done", 3, 5);
    process(o, -1);
    byte[] before = Files.readAllBytes(o.checkpoint());
    assertEquals(List.of(), process(o, 1));
    assertArrayEquals(before, Files.readAllBytes(o.checkpoint()));
  }

  @Test
  void checkpointOfAnotherSeedIsRefused() {
    process(options("seed", 1, 5), -1);
    TrainingLoop.Options o = options("seed", 2, 6);
    Exception e = assertThrows(IllegalArgumentException.class, () -> process(o, -1));
    assertTrue(e.getMessage().startsWith(o.checkpoint().toString()), e.getMessage());
    assertTrue(e.getMessage().endsWith("got 5"), e.getMessage());
  }

  @Test
  void truncatedCheckpointIsRefusedInOneLine() throws IOException {
    TrainingLoop.Options o = options("cut", 1, 5);
    process(o, -1);
    byte[] all = Files.readAllBytes(o.checkpoint());
    for (int length : new int[] {0, 7, 300, all.length - 1}) {
      Files.write(o.checkpoint(), Arrays.copyOf(all, length));
      Exception e = assertThrows(WeightsFileException.class, () -> process(o, -1));
      assertTrue(e.getMessage().startsWith(o.checkpoint().toString()), e.getMessage());
      assertFalse(e.getMessage().contains("\n"));
    }
  }

  @Test
  void checkpointOfAnotherShapeIsRefused() {
    TrainingLoop.Options o = options("shape", 1, 5);
    process(o, -1);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights =
            Vae.initialWeights(manager, new VaeConfig(4, 2, 2, List.of(1, 2), 1, 1, 2))) {
      TrainingLoop loop = new TrainingLoop(o, weights);
      Exception e =
          assertThrows(
              IllegalArgumentException.class,
              () -> loop.run((scope, step) -> null, r -> {}, (average, at) -> {}));
      assertTrue(e.getMessage().startsWith(o.checkpoint().toString()), e.getMessage());
      assertTrue(e.getMessage().contains("encoder.conv_in.conv.weight"), e.getMessage());
      assertTrue(e.getMessage().endsWith("got (4, 3, 3, 3)"), e.getMessage());
    }
  }

  @Test
  void lossGoesDown() {
    List<Double> losses = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager)) {
      weights.putFull("weight", new Shape(1, 3), 0);
      weights.putFull("bias", new Shape(1), 0);
      TrainingLoop.Options fast =
          new TrainingLoop.Options(
              folder,
              "regression",
              200,
              5,
              new LearningRate(0.1, 0, 100, 0),
              new AdamW.Options(0.9, 0.98, 0, 10, 0.9),
              Duration.ofDays(1),
              50);
      new TrainingLoop(fast, weights)
          .run(
              (scope, step) -> {
                NDArray x = scope.randomNormal(0, 1, new Shape(16, 3), DataType.FLOAT32);
                NDArray truth = scope.create(new float[] {1, -2, 0.5f}, new Shape(3, 1));
                NDArray y = x.matMul(truth).add(0.25f);
                NDArray got =
                    TorchOps.call("linear", x, weights.get("weight"), weights.get("bias"));
                return TorchOps.call("mse", got, y);
              },
              r -> losses.add(r.loss()),
              (average, at) -> {
                assertArrayEquals(
                    new float[] {1, -2, 0.5f}, average.get("weight").toFloatArray(), 0.02f);
                assertEquals(0.25, average.get("bias").getFloat(0), 0.02);
              });
    }
    assertEquals(4, losses.size());
    assertTrue(losses.get(3) < 1e-3 * losses.get(0), losses.toString());
  }

  @Test
  void stepsDrawFromDifferentGenerators() {
    List<Long> seen = new ArrayList<>();
    for (long seed = 0; seed < 20; seed++) {
      for (long step = 0; step < 50; step++) {
        seen.add(TrainingLoop.mix(seed, step));
      }
    }
    assertEquals(1000, seen.stream().distinct().count());
  }
}
