package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.scalekv.metrics.Interval;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Runner of an experiment, here or on many machines. Finished runs are never redone; a run that
 * fails leaves a file that says why and does not stop the others. All runners leave the same files.
 */
public interface Runner {
  /**
   * How to run.
   *
   * @param folder of the results
   * @param references folder of the reference images
   * @param images whether to keep the images of every run
   * @param failFast whether to stop at the first run that fails
   * @param alone whether no other process writes to these folders: then what killed processes left
   *     half-written is removed
   */
  record Options(Path folder, Path references, boolean images, boolean failFast, boolean alone) {}

  /** What became of a run. */
  enum Status {
    /** Run now. */
    DONE,
    /** Finished before. */
    FOUND,
    /** Failed now. */
    FAILED,
    /** Without meaning at this budget: below the window or the blocks of the policy. */
    NOT_APPLICABLE,
    /** Not tried: another failed before. */
    LEFT
  }

  /**
   * One run of the summary.
   *
   * @param id of the run
   * @param group its group
   * @param label its label
   * @param status what became of it
   * @param error why it failed, or null
   * @param result its result, or null
   */
  record Ended(
      String id,
      String group,
      String label,
      Status status,
      String error,
      @JsonIgnore RunResult result) {
    /** Returns its values by metric; none without a result. */
    @JsonProperty
    public Map<String, Interval> metrics() {
      return result == null ? Map.of() : result.metrics();
    }

    /** Returns the measured peak, or the nominal bytes where nothing was measured; may be null. */
    @JsonProperty
    public Long peakKvBytes() {
      if (result == null || result.memory() == null) {
        return null;
      }
      Long peak = result.memory().peakKvBytes();
      return peak == null ? Long.valueOf(result.memory().nominalKvBytes()) : peak;
    }
  }

  /** Runs what is not finished yet; returns how each run ended, in the order of the runs. */
  List<Ended> run(List<Experiment.Planned> runs, RunListener listener) throws IOException;
}
