package io.scalekv.experiment;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.io.AtomicFile;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/**
 * Session of runs, one after the other, on one model, which is loaded when the first is run and
 * stays until this is closed. Each leaves its result or its error in the folder of the results.
 */
public final class RunSession implements AutoCloseable {
  private final ModelConfig config;
  private final Supplier<ImageModel> opener;
  private final RunExecutor.Context context;
  private final Runner.Options options;
  private final ResultFolder results;
  private ImageModel model;
  private RunExecutor runner;

  /**
   * @param opener loads the model; null where only {@link Run.Kind#MEMORY} is run
   */
  public RunSession(
      ModelConfig config,
      Supplier<ImageModel> opener,
      RunExecutor.Context context,
      Runner.Options options) {
    this.config = config;
    this.opener = opener;
    this.context = context;
    this.options = options;
    this.results = new ResultFolder(options.folder());
  }

  /** Runs what is not finished yet, one run after the other, and closes the session. */
  public List<Runner.Ended> runAll(List<Experiment.Planned> runs, RunListener listener)
      throws IOException {
    if (options.alone()) {
      AtomicFile.removeLeft(options.folder());
      AtomicFile.removeLeft(options.references());
    }
    List<Runner.Ended> ended = new ArrayList<>();
    boolean stop = false;
    try (this) {
      for (int i = 0; i < runs.size(); i++) {
        Experiment.Planned planned = runs.get(i);
        Optional<RunResult> known = results.find(planned.id());
        if (known.isPresent()) {
          ended.add(planned.ended(Runner.Status.FOUND, null, known.get()));
        } else if (stop) {
          ended.add(planned.ended(Runner.Status.LEFT, null, null));
        } else {
          listener.say("run %d/%d %s".formatted(i + 1, runs.size(), planned.label()));
          Runner.Ended one = run(planned, listener);
          ended.add(one);
          stop = one.status() == Runner.Status.FAILED && options.failFast();
        }
      }
    }
    results.finish();
    return List.copyOf(ended);
  }

  /** Runs a run that is not finished yet. */
  public Runner.Ended run(Experiment.Planned planned, RunListener listener) throws IOException {
    Optional<RunResult> known = results.find(planned.id());
    if (known.isPresent()) {
      return planned.ended(Runner.Status.FOUND, null, known.get());
    }
    RunExecutor runs = runner();
    String started = now();
    Path images = options.images() ? results.images(planned.id()) : null;
    RunResult result;
    try {
      result = runs.run(planned.run(), images, listener);
    } catch (CancellationException e) {
      throw e;
    } catch (BudgetTooSmallException e) {
      listener.skipped(planned.run().steps());
      results.write(new RunFailure(planned.id(), planned.run(), line(e), true, started));
      return planned.ended(Runner.Status.NOT_APPLICABLE, line(e), null);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      String error = line(e);
      results.write(new RunFailure(planned.id(), planned.run(), error, false, started));
      listener.say("failed: " + error);
      return planned.ended(Runner.Status.FAILED, error, null);
    }
    results.write(result);
    return planned.ended(Runner.Status.DONE, null, result);
  }

  /** Draws one batch of the reference images of a run, if it is not there. */
  public void drawReferences(Run run, int batch) throws IOException {
    runner().drawReferences(run, batch);
  }

  /** Checks the reference images of a run and writes their manifest; what is missing is drawn. */
  public void completeReferences(Run run, RunListener listener) throws IOException {
    runner().completeReferences(run, listener);
  }

  /** Leaves the error of a run in a folder of results. */
  public static Runner.Ended fail(ResultFolder results, Experiment.Planned planned, String error)
      throws IOException {
    results.write(new RunFailure(planned.id(), planned.run(), error, false, now()));
    return planned.ended(Runner.Status.FAILED, error, null);
  }

  private static String now() {
    return Clock.systemUTC().instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private RunExecutor runner() {
    if (runner == null) {
      model = opener == null ? null : opener.get();
      runner = new RunExecutor(config, model, context);
    }
    return runner;
  }

  private static String line(Throwable e) {
    String text = e.getMessage() == null ? "" : e.getMessage().strip();
    String kind = e.getClass().getSimpleName();
    boolean ours = e instanceof IllegalArgumentException;
    String line = text.lines().findFirst().orElse(kind);
    return ours || text.isEmpty() ? line : kind + ": " + line;
  }

  @Override
  public void close() {
    if (runner != null) {
      runner.close();
      runner = null;
    }
    if (model != null) {
      model.close();
      model = null;
    }
  }
}
