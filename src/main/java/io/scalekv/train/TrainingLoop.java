package io.scalekv.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Require;
import io.scalekv.tensor.Cancellation;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Gradient descent that can be interrupted at any moment and resumes to the same bits: every step
 * draws its data and noise from a generator seeded by (seed, step), so that weights, moments,
 * averages and the step number are the whole state.
 */
public final class TrainingLoop {
  /**
   * Options of a run.
   *
   * @param folder of checkpoint and curve
   * @param name before the names of both files
   * @param steps updates in all
   * @param seed seed of data and noise
   * @param learningRate schedule
   * @param optimiser numbers of AdamW
   * @param checkpointEvery time between checkpoints
   * @param logEvery updates between two lines of the curve
   */
  public record Options(
      Path folder,
      String name,
      int steps,
      long seed,
      LearningRate learningRate,
      AdamW.Options optimiser,
      Duration checkpointEvery,
      int logEvery) {
    /** Returns the file of the resumable state. */
    Path checkpoint() {
      return folder.resolve(name + "-checkpoint.safetensors");
    }

    /** Returns the CSV file of the loss curve. */
    Path curve() {
      return curve(folder, name);
    }

    /** Returns the loss curve of a run in a folder. */
    static Path curve(Path folder, String name) {
      return folder.resolve(name + "-curve.csv");
    }
  }

  /** Loss of one batch. */
  @FunctionalInterface
  public interface Objective {
    /**
     * Returns the loss.
     *
     * @param scope owns everything that the step makes
     * @param step number of the update, from 1
     * @return scalar loss that takes part in autograd
     */
    NDArray loss(NDManager scope, int step);
  }

  /**
   * State of a run after every {@code logEvery} updates.
   *
   * @param step updates done
   * @param steps updates in all
   * @param loss mean loss since the last report
   * @param gradientNorm of the last update, before clipping
   * @param learningRate of the last update
   * @param seconds training time so far, earlier runs included
   * @param secondsLeft estimate from the updates since the last report
   */
  public record Report(
      int step,
      int steps,
      double loss,
      double gradientNorm,
      double learningRate,
      double seconds,
      double secondsLeft) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "step %d/%d loss %.4f gradient %.3f lr %.2e %.0f s, about %d:%02d h left",
          step,
          steps,
          loss,
          gradientNorm,
          learningRate,
          seconds,
          (int) (secondsLeft / 3600),
          (int) (secondsLeft % 3600 / 60));
    }
  }

  private final Options options;
  private final Weights weights;

  /** Creates a run over the given weights, which it does not own. */
  public TrainingLoop(Options options, Weights weights) {
    this.options = options;
    this.weights = weights;
  }

  /**
   * Trains to the last step, from the checkpoint when there is one.
   *
   * @param objective loss of a batch
   * @param onReport called every {@code logEvery} updates
   * @param onEnd receives the averaged weights and the progress at the end
   * @throws java.util.concurrent.CancellationException if the process was asked to stop; the
   *     checkpoint is then that of the last step
   */
  public void run(
      Objective objective, Consumer<Report> onReport, BiConsumer<Weights, Progress> onEnd) {
    try (Cancellation.Hold hold = Cancellation.hold();
        NDManager parent = weights.manager().newSubManager();
        AdamW optimiser = new AdamW(parent, weights, options.optimiser())) {
      Progress at = restore(optimiser);
      weights.arrays().values().forEach(a -> a.setRequiresGradient(true));
      double sum = at.lossSum;
      int count = at.lossCount;
      long mark = System.nanoTime();
      long saved = mark;
      double seconds = at.seconds;
      int step = at.step;
      double reported = seconds;
      int reportedStep = step;
      while (step < options.steps()) {
        step++;
        Engine.getInstance().setRandomSeed((int) mix(options.seed(), step));
        try (NDManager scope = weights.manager().newSubManager()) {
          try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray loss = objective.loss(scope, step);
            collector.backward(loss);
            sum += loss.getFloat();
            count++;
          }
        }
        double rate = options.learningRate().at(step, options.steps());
        double norm = optimiser.update(step, rate);
        long now = System.nanoTime();
        seconds += (now - mark) / 1e9;
        mark = now;
        if (step % options.logEvery() == 0 || step == options.steps()) {
          double left = (seconds - reported) / (step - reportedStep) * (options.steps() - step);
          Report report = new Report(step, options.steps(), sum / count, norm, rate, seconds, left);
          reported = seconds;
          reportedStep = step;
          appendCurve(report);
          onReport.accept(report);
          sum = 0;
          count = 0;
        }
        boolean due = now - saved > options.checkpointEvery().toNanos();
        if (due || step == options.steps() || Cancellation.requested()) {
          save(optimiser, new Progress(step, seconds, sum, count));
          saved = System.nanoTime();
          mark = saved;
        }
        if (Cancellation.requested()) {
          throw Cancellation.stopped();
        }
      }
      weights.arrays().values().forEach(a -> a.setRequiresGradient(false));
      onEnd.accept(optimiser.average(), new Progress(step, seconds, sum, count));
    }
  }

  /** Returns a well-mixed 64-bit number of (seed, step), the seed of a generator. */
  public static long mix(long seed, long step) {
    long z = seed * 0x9E3779B97F4A7C15L + step * 0xD1B54A32D192ED03L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /**
   * Progress of a run.
   *
   * @param step updates done
   * @param seconds training time, earlier runs included
   * @param lossSum sum of the losses since the last report
   * @param lossCount number of these losses
   */
  public record Progress(int step, double seconds, double lossSum, int lossCount) {
    /** Returns the facts that the file of the weights states: steps, seconds, seed. */
    public Map<String, String> metadata(long seed) {
      Map<String, String> meta = new LinkedHashMap<>();
      meta.put("steps", String.valueOf(step));
      meta.put("seconds", String.valueOf(Math.round(seconds)));
      meta.put("seed", String.valueOf(seed));
      return meta;
    }
  }

  private Progress restore(AdamW optimiser) {
    if (!Files.exists(options.checkpoint())) {
      return new Progress(0, 0, 0, 0);
    }
    try (TensorSource file = SafetensorsFile.open(options.checkpoint());
        NDManager scope = weights.manager().newSubManager()) {
      Map<String, String> meta = file.metadata();
      Require.that(
          String.valueOf(options.seed()).equals(meta.get("seed")),
          "%s: seed of the checkpoint must be %d, got %s",
          options.checkpoint(),
          options.seed(),
          meta.get("seed"));
      Progress at = progress(meta);
      for (String name : optimiser.state().keySet()) {
        restore(optimiser, name, file.load(name, scope));
      }
      return at;
    }
  }

  private void restore(AdamW optimiser, String name, NDArray values) {
    try {
      optimiser.set(name, values);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(options.checkpoint() + ": " + e.getMessage(), e);
    }
  }

  private Progress progress(Map<String, String> meta) {
    try {
      return new Progress(
          Integer.parseInt(meta.get("step")),
          Double.parseDouble(meta.get("seconds")),
          Double.parseDouble(meta.getOrDefault("lossSum", "0")),
          Integer.parseInt(meta.getOrDefault("lossCount", "0")));
    } catch (NullPointerException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "%s: step and seconds must be numbers, got %s and %s"
              .formatted(options.checkpoint(), meta.get("step"), meta.get("seconds")),
          e);
    }
  }

  private void save(AdamW optimiser, Progress at) {
    Map<String, String> meta = new LinkedHashMap<>();
    meta.put("seed", String.valueOf(options.seed()));
    meta.put("step", String.valueOf(at.step));
    meta.put("seconds", String.valueOf(at.seconds));
    meta.put("lossSum", String.valueOf(at.lossSum));
    meta.put("lossCount", String.valueOf(at.lossCount));
    SafetensorsWriter.write(options.checkpoint(), optimiser.state(), StoredType.F32, meta);
  }

  /** Appends one line and drops lines of later steps, which a killed run has left. */
  private void appendCurve(Report r) {
    try {
      List<String> lines = new ArrayList<>();
      if (Files.exists(options.curve())) {
        for (String line : Files.readAllLines(options.curve())) {
          String first = line.substring(0, Math.max(0, line.indexOf(',')));
          if (first.equals("step") || (!first.isEmpty() && Integer.parseInt(first) < r.step())) {
            lines.add(line);
          }
        }
      }
      if (lines.isEmpty()) {
        lines.add("step,loss,gradientNorm,learningRate,seconds");
      }
      lines.add(
          String.format(
              Locale.ROOT,
              "%d,%.5f,%.4f,%.3e,%.1f",
              r.step(),
              r.loss(),
              r.gradientNorm(),
              r.learningRate(),
              r.seconds()));
      String text = String.join("\n", lines) + "\n";
      AtomicFile.write(options.curve(), text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(options.curve() + ": " + e.getMessage(), e);
    }
  }
}
