package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Runs the runs of an experiment one after the other in this process. The model is loaded only if
 * there is something to run.
 */
public final class LocalRunner implements Runner {
  private final ModelConfig config;
  private final Supplier<ImageModel> opener;
  private final RunExecutor.Context context;
  private final Options options;

  /** A runner. */
  public LocalRunner(
      ModelConfig config,
      Supplier<ImageModel> opener,
      RunExecutor.Context context,
      Options options) {
    this.config = config;
    this.opener = opener;
    this.context = context;
    this.options = options;
  }

  @Override
  public Summary run(List<Experiment.Planned> runs, RunListener listener) throws IOException {
    if (options.alone()) {
      AtomicFile.removeLeft(options.folder());
      AtomicFile.removeLeft(options.references());
    }
    ResultFolder results = new ResultFolder(options.folder());
    List<Ended> ended = new ArrayList<>();
    boolean stop = false;
    try (RunSession session = new RunSession(config, opener, context, options)) {
      for (int i = 0; i < runs.size(); i++) {
        Experiment.Planned planned = runs.get(i);
        Optional<RunResult> known = results.find(planned.id());
        if (known.isPresent()) {
          ended.add(planned.ended(Status.FOUND, null, known.get()));
        } else if (stop) {
          ended.add(planned.ended(Status.LEFT, null, null));
        } else {
          listener.say("run %d/%d %s".formatted(i + 1, runs.size(), planned.label()));
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
