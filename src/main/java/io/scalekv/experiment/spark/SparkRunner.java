package io.scalekv.experiment.spark;

import io.scalekv.experiment.Experiment;
import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunExecutor;
import io.scalekv.experiment.RunJson;
import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.RunResult;
import io.scalekv.experiment.RunSession;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Sweep;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.tensor.Cancellation;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Runner of an experiment on the executors of Apache Spark. The folder of the results must be the
 * same folder everywhere: executors write their files there themselves, and nothing but a line per
 * run comes back.
 *
 * <p>The reference images are drawn first, one task per batch; then every run is a job of its own,
 * so that one that takes its executor down ends as failed and the others go on. The tasks of an
 * executor that is lost are done again by another.
 */
public final class SparkRunner implements Runner {
  private static final long POLL_MILLIS = 50;
  private static final long FIRST_EXECUTOR_MILLIS = 120_000;
  private static final long SHARED_FILE_MILLIS = 10_000;

  private final SparkSettings settings;
  private final ClusterJob job;
  private final Options options;
  private final ResultFolder results;

  /** A runner. */
  public SparkRunner(
      SparkSettings settings, Sweep sweep, RunExecutor.Context context, Options options) {
    this.settings = settings;
    this.job = ClusterJob.of(sweep, context, options, settings.cores());
    this.options = options;
    this.results = new ResultFolder(options.folder());
  }

  /** One batch of reference images on its way. */
  private record Batch(String run, int batch) implements Serializable {}

  /** What an executor says of a run. */
  private record Answer(Status status, String error) implements Serializable {}

  @Override
  public List<Ended> run(List<Experiment.Planned> runs, RunListener listener) throws IOException {
    if (options.alone()) {
      AtomicFile.removeLeft(options.folder());
      AtomicFile.removeLeft(options.references());
    }
    Map<String, Ended> ended = new LinkedHashMap<>();
    List<Experiment.Planned> open = new ArrayList<>();
    for (Experiment.Planned planned : runs) {
      Optional<RunResult> known = results.find(planned.id());
      known.ifPresent(r -> ended.put(planned.id(), planned.ended(Status.FOUND, null, r)));
      if (known.isEmpty()) {
        open.add(planned);
      }
    }
    if (!open.isEmpty()) {
      try (JavaSparkContext spark = connect()) {
        new Submission(spark, listener, runs.size(), ended).all(open);
      } finally {
        ExecutorSession.close();
      }
    }
    results.finish();
    return runs.stream().map(c -> ended.get(c.id())).toList();
  }

  private JavaSparkContext connect() throws IOException {
    JavaSparkContext spark = new JavaSparkContext(settings.toSpark("scalekv sweep"));
    if (settings.local()) {
      return spark;
    }
    long begin = System.nanoTime();
    // the driver is in this list too
    while (spark.sc().statusTracker().getExecutorInfos().length < 2) {
      if (millisSince(begin) > FIRST_EXECUTOR_MILLIS || spark.sc().isStopped()) {
        spark.close();
        throw new IOException(
            "--master %s must start an executor of %d cores within %d s, got none"
                .formatted(
                    settings.chosenMaster(), settings.cores(), FIRST_EXECUTOR_MILLIS / 1000));
      }
      pause(spark);
    }
    return spark;
  }

  /** Waits a little; a wish to stop ends the run. */
  private static void pause(JavaSparkContext spark) {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      Cancellation.request();
    }
    if (Cancellation.requested()) {
      spark.cancelAllJobs();
      throw Cancellation.stopped();
    }
  }

  /** One run on a connected cluster. */
  private final class Submission {
    private final JavaSparkContext spark;
    private final RunListener listener;
    private final int count;
    private final Map<String, Ended> ended;
    private final String id = UUID.randomUUID().toString();
    private final Broadcast<ClusterJob> sent;

    Submission(JavaSparkContext spark, RunListener listener, int count, Map<String, Ended> ended) {
      this.spark = spark;
      this.listener = listener;
      this.count = count;
      this.ended = ended;
      this.sent = spark.broadcast(job);
    }

    void all(List<Experiment.Planned> open) throws IOException {
      references(open);
      runs(open);
    }

    private void references(List<Experiment.Planned> open) {
      Map<String, Run> different = new LinkedHashMap<>();
      for (Experiment.Planned planned : open) {
        if (planned.run().referenceBatches() > 0) {
          different.putIfAbsent(planned.run().referenceId(), planned.run());
        }
      }
      for (Run run : different.values()) {
        String text = CanonicalJson.of(run);
        List<Batch> batches =
            IntStream.range(0, run.referenceBatches()).mapToObj(i -> new Batch(text, i)).toList();
        // whatever goes wrong here goes wrong in the runs again, and they say so
        listener.say("reference images: %d batches".formatted(batches.size()));
        await(submit(sent, id, spark, batches, SparkRunner::draw));
        await(submit(sent, id, spark, List.of(text), SparkRunner::complete));
      }
    }

    private void await(JavaFutureAction<?> future) {
      while (!future.isDone()) {
        pause(spark);
      }
    }

    private void runs(List<Experiment.Planned> open) throws IOException {
      Map<Experiment.Planned, JavaFutureAction<List<Answer>>> running = new LinkedHashMap<>();
      for (Experiment.Planned planned : open) {
        String text = Json.MAPPER.writeValueAsString(planned);
        running.put(planned, submit(sent, id, spark, List.of(text), SparkRunner::answer));
      }
      while (!running.isEmpty()) {
        List<Experiment.Planned> done =
            running.keySet().stream().filter(p -> running.get(p).isDone()).toList();
        for (Experiment.Planned planned : done) {
          Ended one = end(planned, running.remove(planned));
          ended.put(planned.id(), one);
          String error = one.error() == null ? "" : ": " + one.error();
          listener.say(
              "run %d/%d %s %s%s"
                  .formatted(
                      ended.size(),
                      count,
                      one.status().name().toLowerCase(Locale.ROOT),
                      planned.label(),
                      error));
          if (one.status() == Status.FAILED && options.failFast()) {
            spark.cancelAllJobs();
            running.keySet().forEach(p -> ended.put(p.id(), left(p)));
            return;
          }
        }
        if (done.isEmpty()) {
          pause(spark);
        }
      }
    }

    private Ended left(Experiment.Planned planned) {
      return planned.ended(Status.LEFT, null, null);
    }

    private Ended end(Experiment.Planned planned, JavaFutureAction<List<Answer>> future)
        throws IOException {
      Answer answer;
      try {
        answer = future.get().get(0);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw Cancellation.stopped();
      } catch (CancellationException e) {
        return left(planned);
      } catch (ExecutionException e) {
        if (spark.sc().isStopped()) {
          throw new IOException("--master %s is gone".formatted(settings.chosenMaster()), e);
        }
        return RunSession.fail(results, planned, "Spark gave up: " + cause(e));
      }
      if (answer.error() != null) {
        return planned.ended(answer.status(), answer.error(), null);
      }
      return planned.ended(answer.status(), null, result(planned));
    }

    /** Reads what an executor has written; a network's file system may show it a little later. */
    private RunResult result(Experiment.Planned planned) throws IOException {
      long begin = System.nanoTime();
      while (true) {
        Optional<RunResult> result = results.find(planned.id());
        if (result.isPresent()) {
          return result.get();
        }
        if (millisSince(begin) > SHARED_FILE_MILLIS) {
          throw new IOException(
              "%s must be a folder that all machines share: run %s is missing from it"
                  .formatted(options.folder(), planned.id()));
        }
        pause(spark);
      }
    }
  }

  /** By a clock that nobody can set. */
  private static long millisSince(long nanoTime) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanoTime);
  }

  private static String cause(ExecutionException e) {
    String text = String.valueOf(e.getCause().getMessage());
    return text.lines().findFirst().orElse("no reason given").strip();
  }

  private static boolean draw(RunSession session, Batch batch) throws IOException {
    session.drawReferences(RunJson.run(batch.run()), batch.batch());
    return true;
  }

  private static boolean complete(RunSession session, String run) throws IOException {
    session.completeReferences(RunJson.run(run), RunListener.NONE);
    return true;
  }

  private static Answer answer(RunSession session, String planned) throws IOException {
    Ended one =
        session.run(
            Json.bindOptional(Json.parse(planned, "run"), Experiment.Planned.class, "run"),
            RunListener.NONE);
    return new Answer(one.status(), one.error());
  }

  /** Work on the session of an executor. */
  @FunctionalInterface
  private interface Work<T, R> extends Serializable {
    R in(RunSession session, T item) throws Exception;
  }

  /** Static, so that what travels to an executor holds nothing of the driver. */
  private static <T, R> JavaFutureAction<List<R>> submit(
      Broadcast<ClusterJob> job,
      String id,
      JavaSparkContext spark,
      List<T> items,
      Work<T, R> work) {
    return spark
        .parallelize(items, items.size())
        .map(i -> ExecutorSession.with(id, job.value(), session -> work.in(session, i)))
        .collectAsync();
  }
}
