package io.scalekv.experiment;

import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs the cells of an experiment one after the other in this process. Finished cells are never
 * redone; a cell that fails leaves a file that says why and does not stop the others. The model is
 * loaded only if there is something to run.
 */
public final class LocalRunner {
  private static final Pattern PART = Pattern.compile("\\..*\\.([0-9]+)\\.part");

  /**
   * How to run.
   *
   * @param folder of the results
   * @param references folder of the reference images
   * @param images whether to keep the images of every cell
   * @param failFast whether to stop at the first cell that fails
   * @param alone whether no other process writes to these folders: then what killed processes left
   *     half-written is removed
   */
  public record Options(
      Path folder, Path references, boolean images, boolean failFast, boolean alone) {}

  /** What became of a cell. */
  public enum Status {
    /** Run now. */
    DONE,
    /** Finished before. */
    KEPT,
    /** Failed now. */
    FAILED,
    /** Not tried: another failed before. */
    LEFT
  }

  /**
   * One cell of the summary.
   *
   * @param id of the cell
   * @param group its group
   * @param label its label
   * @param status what became of it
   * @param error why it failed, or null
   * @param result its result, or null
   */
  public record Ended(
      String id, String group, String label, Status status, String error, CellResult result) {}

  /** What came of a run, each different cell once. */
  public record Summary(List<Ended> cells) {
    /** Copies the list. */
    public Summary {
      cells = List.copyOf(cells);
    }

    /** How many cells ended so. */
    public int count(Status status) {
      return (int) cells.stream().filter(c -> c.status() == status).count();
    }
  }

  /** Loads a model when it is first needed. */
  @FunctionalInterface
  public interface Opener {
    /** The model. */
    ImageModel open();
  }

  private final ModelConfig config;
  private final Opener opener;
  private final CellRunner.Context context;
  private final Options options;

  /** A runner. */
  public LocalRunner(
      ModelConfig config, Opener opener, CellRunner.Context context, Options options) {
    this.config = config;
    this.opener = opener;
    this.context = context;
    this.options = options;
  }

  /** Runs what is not finished yet, in order. */
  public Summary run(List<Experiment.Planned> cells, RunListener listener) throws IOException {
    if (options.alone()) {
      removeParts(options.folder());
      removeParts(options.references());
    }
    List<Ended> ended = new ArrayList<>();
    ImageModel model = null;
    CellRunner runner = null;
    boolean stop = false;
    try {
      for (int i = 0; i < cells.size(); i++) {
        Experiment.Planned planned = cells.get(i);
        Optional<CellResult> known = finished(planned.id());
        if (known.isPresent()) {
          ended.add(end(planned, Status.KEPT, null, known.get()));
          continue;
        }
        if (stop) {
          ended.add(end(planned, Status.LEFT, null, null));
          continue;
        }
        listener.say("cell %d/%d %s".formatted(i + 1, cells.size(), planned.label()));
        if (runner == null) {
          boolean weightless = cells.stream().allMatch(c -> c.cell().kind() == Cell.Kind.MEMORY);
          model = weightless ? null : opener.open();
          runner = new CellRunner(config, model, context);
        }
        Ended one = run(runner, planned, listener);
        ended.add(one);
        stop = one.status() == Status.FAILED && options.failFast();
      }
    } finally {
      if (runner != null) {
        runner.close();
      }
      if (model != null) {
        model.close();
      }
    }
    return new Summary(ended);
  }

  private static Ended end(
      Experiment.Planned planned, Status status, String error, CellResult result) {
    return new Ended(planned.id(), planned.group(), planned.label(), status, error, result);
  }

  /** The result of a cell, if there is a sound one; a file that is not one is run again. */
  private Optional<CellResult> finished(String id) throws IOException {
    Path file = ExperimentFile.cell(options.folder(), id);
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

  private Ended run(CellRunner runner, Experiment.Planned planned, RunListener listener)
      throws IOException {
    Path failure = ExperimentFile.failure(options.folder(), planned.id());
    String started = Clock.systemUTC().instant().truncatedTo(ChronoUnit.SECONDS).toString();
    Path images =
        options.images() ? options.folder().resolve("images").resolve(planned.id()) : null;
    CellResult result;
    try {
      result = runner.run(planned.cell(), images, listener);
    } catch (CancellationException e) {
      throw e;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      String error = line(e);
      new CellFailure(planned.id(), planned.cell(), error, started).write(failure);
      listener.say("failed: " + error);
      return end(planned, Status.FAILED, error, null);
    }
    CellJson.write(result, ExperimentFile.cell(options.folder(), planned.id()));
    Files.deleteIfExists(failure);
    return end(planned, Status.DONE, null, result);
  }

  private static String line(Throwable e) {
    String text = e.getMessage() == null ? "" : e.getMessage().strip();
    String kind = e.getClass().getSimpleName();
    boolean ours = e instanceof IllegalArgumentException;
    String line = text.lines().findFirst().orElse(kind);
    return ours || text.isEmpty() ? line : kind + ": " + line;
  }

  /** Removes half-written files of processes that are no more. */
  private static void removeParts(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> parts;
    try (Stream<Path> files = Files.walk(folder)) {
      parts = files.filter(LocalRunner::left).toList();
    }
    for (Path part : parts) {
      Files.deleteIfExists(part);
    }
  }

  private static boolean left(Path file) {
    Matcher name = PART.matcher(file.getFileName().toString());
    return name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty();
  }
}
