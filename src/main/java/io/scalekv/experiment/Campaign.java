package io.scalekv.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Experiments that are run one after the other and share reference images and results.
 *
 * @param sweeps the experiments by folder of their results
 * @param references folder of the reference images
 */
public record Campaign(Map<Path, Sweep> sweeps, Path references) {
  /**
   * The outcome of one experiment.
   *
   * @param name of the experiment
   * @param folder of its results
   * @param runs how they ended, each different run once
   * @param wallSeconds from begin to end
   */
  public record Outcome(String name, Path folder, List<Runner.Ended> runs, double wallSeconds) {}

  /** Keeps the order. */
  public Campaign {
    sweeps = Collections.unmodifiableMap(new LinkedHashMap<>(sweeps));
  }

  /**
   * Runs what is not finished.
   *
   * @param chosen ids of the runs to make; empty for all
   * @param runners makes the runner of a sweep that writes into a folder
   */
  public List<Outcome> run(
      Set<String> chosen, BiFunction<Sweep, Path, Runner> runners, RunListener listener)
      throws IOException {
    Map<Path, List<Experiment.Planned>> runs = new LinkedHashMap<>();
    int all = 0;
    int found = 0;
    int steps = 0;
    Set<String> known = new HashSet<>();
    for (Map.Entry<Path, Sweep> s : sweeps.entrySet()) {
      Experiment experiment = s.getValue().experiment();
      ResultFolder results = new ResultFolder(s.getKey());
      List<Experiment.Planned> own =
          experiment.distinct().stream()
              .filter(r -> chosen.isEmpty() || chosen.contains(r.id()))
              .toList();
      runs.put(s.getKey(), own);
      for (Experiment.Planned run : own) {
        boolean there = !known.add(run.id()) || results.find(run.id()).isPresent();
        found += there ? 1 : 0;
        steps += there ? 0 : steps(run.run(), known);
      }
      all += own.size();
    }
    listener.say("%d of %d runs found, %d to do".formatted(found, all, all - found));
    listener.planned(steps);
    List<Outcome> outcomes = new ArrayList<>();
    try {
      for (Map.Entry<Path, Sweep> s : sweeps.entrySet()) {
        outcomes.add(run(s.getKey(), s.getValue(), runs.get(s.getKey()), runners, listener));
      }
    } finally {
      listener.finished();
    }
    return outcomes;
  }

  private Outcome run(
      Path folder,
      Sweep sweep,
      List<Experiment.Planned> runs,
      BiFunction<Sweep, Path, Runner> runners,
      RunListener listener)
      throws IOException {
    long start = System.nanoTime();
    Files.createDirectories(folder);
    sweep.file().write(folder);
    if (sweeps.size() > 1) {
      listener.say(sweep.file().name() + ": " + sweep.file().title());
      new ResultFolder(folder).takeFromNeighbours(runs);
    }
    List<Runner.Ended> ended = runners.apply(sweep, folder).run(runs, listener);
    return new Outcome(
        sweep.name(), folder, ended, Math.round((System.nanoTime() - start) / 1e8) / 10.0);
  }

  /** Steps of a run that its runner reports, those of references that are not there included. */
  private int steps(Run run, Set<String> known) {
    int batches = run.referenceBatches();
    boolean drawn =
        batches == 0
            || !known.add(run.referenceId())
            || Files.exists(references.resolve(run.referenceId()).resolve(ReferenceStore.MANIFEST));
    return run.steps() + (drawn ? 0 : batches);
  }

  /**
   * Places experiments, the paper's first table first.
   *
   * @param folder of the results of a sweep
   */
  public static Campaign of(List<Sweep> sweeps, Function<Sweep, Path> folder, Path references) {
    Map<Path, Sweep> byFolder = new LinkedHashMap<>();
    sweeps.stream()
        .sorted(Comparator.comparing(s -> !s.file().name().equals("table1")))
        .forEach(s -> byFolder.put(folder.apply(s), s));
    return new Campaign(byFolder, references);
  }
}
