package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs the cells of an experiment one after the other in this process. The model is loaded only if
 * there is something to run.
 */
public final class LocalRunner implements Runner {
  private final ModelConfig config;
  private final CellSession.Opener opener;
  private final CellRunner.Context context;
  private final Options options;

  /** A runner. */
  public LocalRunner(
      ModelConfig config, CellSession.Opener opener, CellRunner.Context context, Options options) {
    this.config = config;
    this.opener = opener;
    this.context = context;
    this.options = options;
  }

  @Override
  public Summary run(List<Experiment.Planned> cells, RunListener listener) throws IOException {
    if (options.alone()) {
      AtomicFile.removeLeft(options.folder());
      AtomicFile.removeLeft(options.references());
    }
    ResultFolder results = new ResultFolder(options.folder());
    List<Ended> ended = new ArrayList<>();
    boolean stop = false;
    try (CellSession session = new CellSession(config, opener, context, options)) {
      for (int i = 0; i < cells.size(); i++) {
        Experiment.Planned planned = cells.get(i);
        Optional<CellResult> known = results.find(planned.id());
        if (known.isPresent()) {
          ended.add(CellSession.ended(planned, Status.FOUND, null, known.get()));
        } else if (stop) {
          ended.add(CellSession.ended(planned, Status.LEFT, null, null));
        } else {
          listener.say("run %d/%d %s".formatted(i + 1, cells.size(), planned.label()));
          Ended one = session.run(planned, listener);
          ended.add(one);
          stop = one.status() == Status.FAILED && options.failFast();
        }
      }
    }
    results.finish();
    return new Summary(ended);
  }
}
