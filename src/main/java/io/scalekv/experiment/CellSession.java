package io.scalekv.experiment;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/**
 * Cells run one after the other on one model, which is loaded when the first is run and stays until
 * this is closed. Each leaves its result or its error in the folder of the results.
 */
public final class CellSession implements AutoCloseable {
  /** Loads a model when it is first needed. */
  @FunctionalInterface
  public interface Opener {
    /** The model. */
    ImageModel open();
  }

  private final ModelConfig config;
  private final Opener opener;
  private final CellRunner.Context context;
  private final Runner.Options options;
  private final ResultFolder results;
  private ImageModel model;
  private CellRunner runner;

  /**
   * @param opener loads the model; null where only {@link Cell.Kind#MEMORY} is run
   */
  public CellSession(
      ModelConfig config, Opener opener, CellRunner.Context context, Runner.Options options) {
    this.config = config;
    this.opener = opener;
    this.context = context;
    this.options = options;
    this.results = new ResultFolder(options.folder());
  }

  /** Runs a cell that is not finished yet. */
  public Runner.Ended run(Experiment.Planned planned, RunListener listener) throws IOException {
    Optional<CellResult> known = results.find(planned.id());
    if (known.isPresent()) {
      return ended(planned, Runner.Status.FOUND, null, known.get());
    }
    CellRunner cells = runner();
    String started = now();
    Path images = options.images() ? results.images(planned.id()) : null;
    CellResult result;
    try {
      result = cells.run(planned.cell(), images, listener);
    } catch (CancellationException e) {
      throw e;
    } catch (BudgetTooSmallException e) {
      results.write(new CellFailure(planned.id(), planned.cell(), line(e), true, started));
      return ended(planned, Runner.Status.NOT_APPLICABLE, line(e), null);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      String error = line(e);
      results.write(new CellFailure(planned.id(), planned.cell(), error, false, started));
      listener.say("failed: " + error);
      return ended(planned, Runner.Status.FAILED, error, null);
    }
    results.write(result);
    return ended(planned, Runner.Status.DONE, null, result);
  }

  /** How many batches of reference images a cell is compared with; 0 if it needs none. */
  public static int referenceBatches(Cell cell) {
    if (!cell.kind().compared()) {
      return 0;
    }
    int batch = cell.generation().batch();
    return (cell.prompts().images() + batch - 1) / batch;
  }

  /** What tells the reference images of a cell from others. */
  public static String referenceId(Cell cell) {
    return ReferenceKey.of(cell).id();
  }

  /** Draws one batch of the reference images of a cell, if it is not there. */
  public void drawReferences(Cell cell, int batch) throws IOException {
    runner().drawReferences(cell, batch);
  }

  /** Checks the reference images of a cell and writes their manifest; what is missing is drawn. */
  public void completeReferences(Cell cell, RunListener listener) throws IOException {
    runner().completeReferences(cell, listener);
  }

  /** Leaves the error of a cell in a folder of results. */
  public static Runner.Ended fail(ResultFolder results, Experiment.Planned planned, String error)
      throws IOException {
    results.write(new CellFailure(planned.id(), planned.cell(), error, false, now()));
    return ended(planned, Runner.Status.FAILED, error, null);
  }

  private static String now() {
    return Clock.systemUTC().instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** How a cell ended. */
  public static Runner.Ended ended(
      Experiment.Planned planned, Runner.Status status, String error, CellResult result) {
    return new Runner.Ended(planned.id(), planned.group(), planned.label(), status, error, result);
  }

  private CellRunner runner() {
    if (runner == null) {
      model = opener == null ? null : opener.open();
      runner = new CellRunner(config, model, context);
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
