package io.scalekv.experiment;

import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
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
  }

  /** The result of a cell in a folder, if there is a sound one; any other file is run again. */
  public static Optional<CellResult> finished(Path folder, String id) throws IOException {
    Path file = ExperimentFile.cell(folder, id);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      CellResult result = CellJson.read(file);
      return result.id().equals(id) ? Optional.of(result) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Runs a cell that is not finished yet. */
  public Runner.Ended run(Experiment.Planned planned, RunListener listener) throws IOException {
    Optional<CellResult> known = finished(options.folder(), planned.id());
    if (known.isPresent()) {
      return ended(planned, Runner.Status.KEPT, null, known.get());
    }
    CellRunner cells = runner();
    String started = now();
    Path images =
        options.images() ? options.folder().resolve("images").resolve(planned.id()) : null;
    CellResult result;
    try {
      result = cells.run(planned.cell(), images, listener);
    } catch (CancellationException e) {
      throw e;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      String error = line(e);
      fail(options.folder(), planned, error, started);
      listener.say("failed: " + error);
      return ended(planned, Runner.Status.FAILED, error, null);
    }
    CellJson.write(result, ExperimentFile.cell(options.folder(), planned.id()));
    Files.deleteIfExists(ExperimentFile.failure(options.folder(), planned.id()));
    return ended(planned, Runner.Status.DONE, null, result);
  }

  /** How many batches of reference images a cell is compared with; 0 if it needs none. */
  public static int referenceBatches(Cell cell) {
    if (!CellRunner.isCompared(cell)) {
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
  public static Runner.Ended fail(Path folder, Experiment.Planned planned, String error)
      throws IOException {
    fail(folder, planned, error, now());
    return ended(planned, Runner.Status.FAILED, error, null);
  }

  private static void fail(Path folder, Experiment.Planned planned, String error, String started)
      throws IOException {
    new CellFailure(planned.id(), planned.cell(), error, started)
        .write(ExperimentFile.failure(folder, planned.id()));
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
