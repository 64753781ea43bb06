package io.scalekv.experiment;

import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * How long an experiment takes on many machines, by playing through what the Spark runner does: the
 * batches of reference images are handed out first, in order, each to the machine that is free
 * first; when all are drawn, the cells are. A machine loads the model before its first task.
 *
 * @param loadSeconds to load the model
 * @param referenceSeconds of each batch of reference images
 * @param cellSeconds of each cell
 */
public record ClusterPlan(
    double loadSeconds, List<Double> referenceSeconds, List<Double> cellSeconds) {
  /**
   * What came of it.
   *
   * @param machines how many
   * @param referencesSeconds until all reference images are drawn
   * @param wallSeconds until all is done
   * @param busy share of the machines' time that is work, 0 to 1
   * @param floorSeconds no number of machines is faster: a load, a batch and the longest cell
   */
  public record Played(
      int machines,
      double referencesSeconds,
      double wallSeconds,
      double busy,
      double floorSeconds) {}

  /** Copies the lists. */
  public ClusterPlan {
    referenceSeconds = List.copyOf(referenceSeconds);
    cellSeconds = List.copyOf(cellSeconds);
    if (loadSeconds < 0 || cellSeconds.isEmpty()) {
      throw new IllegalArgumentException("plan: a load time of at least 0 and a cell expected");
    }
  }

  /** A machine that is free from a moment on. */
  private record Free(double at, int machine) implements Comparable<Free> {
    @Override
    public int compareTo(Free o) {
      int byTime = Double.compare(at, o.at);
      return byTime != 0 ? byTime : Integer.compare(machine, o.machine);
    }
  }

  /** Plays it on a number of machines, at least 1. */
  public Played on(int machines) {
    if (machines < 1) {
      throw new IllegalArgumentException("plan: at least 1 machine expected, got " + machines);
    }
    boolean[] loaded = new boolean[machines];
    double drawn = hand(referenceSeconds, 0, loaded);
    double wall = hand(cellSeconds, drawn, loaded);
    double work = sum(referenceSeconds) + sum(cellSeconds);
    double floor =
        referenceSeconds.isEmpty()
            ? loadSeconds + longest(cellSeconds)
            : loadSeconds + longest(referenceSeconds) + longest(cellSeconds);
    return new Played(machines, drawn, wall, work / (wall * machines), floor);
  }

  /** Hands out tasks in order to machines that are all free from one moment; when all are done. */
  private double hand(List<Double> tasks, double from, boolean... loaded) {
    PriorityQueue<Free> free = new PriorityQueue<>();
    for (int m = 0; m < loaded.length; m++) {
      free.add(new Free(from, m));
    }
    double end = from;
    for (double seconds : tasks) {
      Free next = free.remove();
      double at = next.at() + seconds + (loaded[next.machine()] ? 0 : loadSeconds);
      loaded[next.machine()] = true;
      free.add(new Free(at, next.machine()));
      end = Math.max(end, at);
    }
    return end;
  }

  private static double sum(List<Double> seconds) {
    return seconds.stream().mapToDouble(Double::doubleValue).sum();
  }

  private static double longest(List<Double> seconds) {
    return seconds.stream().mapToDouble(Double::doubleValue).max().orElse(0);
  }

  /** Plays it on several numbers of machines. */
  public List<Played> onEach(int... machines) {
    return Arrays.stream(machines).mapToObj(this::on).toList();
  }
}
