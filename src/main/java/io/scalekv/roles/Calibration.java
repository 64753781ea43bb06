package io.scalekv.roles;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.Require;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Calibration of a model: measured parts by name and their origin. Immutable.
 *
 * @param timestamp when it was made; the only field that differs between two equal runs
 * @param model the model
 * @param source prompts, sampling and options of the measurement, by name; empty for files of other
 *     projects
 * @param parts values by the names of {@link CalibrationPart}s
 * @param software versions of the software, by name
 */
public record Calibration(
    Instant timestamp,
    CalibratedModel model,
    SortedMap<String, String> source,
    SortedMap<String, Object> parts,
    SortedMap<String, String> software) {
  /** Copies the maps and cuts the time to seconds. */
  public Calibration {
    timestamp = timestamp.truncatedTo(ChronoUnit.SECONDS);
    source = Collections.unmodifiableSortedMap(new TreeMap<>(source));
    parts = Collections.unmodifiableSortedMap(new TreeMap<>(parts));
    software = Collections.unmodifiableSortedMap(new TreeMap<>(software));
  }

  /** Returns a calibration without parts. */
  public static Calibration empty(
      Instant timestamp,
      CalibratedModel model,
      Map<String, String> source,
      Map<String, String> software) {
    return new Calibration(
        timestamp,
        model,
        new TreeMap<>(source),
        Collections.emptySortedMap(),
        new TreeMap<>(software));
  }

  /** Returns this with another part, or with a part replaced. */
  public <T> Calibration with(CalibrationPart<T> part, T value) {
    return with(part.name(), value);
  }

  Calibration with(String name, Object value) {
    SortedMap<String, Object> more = new TreeMap<>(parts);
    more.put(name, value);
    return new Calibration(timestamp, model, source, more, software);
  }

  /** Returns this made at another time. */
  public Calibration at(Instant time) {
    return new Calibration(time, model, source, parts, software);
  }

  /** Returns this with only some of its parts. */
  public Calibration only(Collection<String> names) {
    SortedMap<String, Object> some = new TreeMap<>(parts);
    some.keySet().retainAll(names);
    return new Calibration(timestamp, model, source, some, software);
  }

  /** Returns names of the parts, in the order of the file. */
  public List<String> names() {
    return CalibrationPart.ALL.stream()
        .map(CalibrationPart::name)
        .filter(parts::containsKey)
        .toList();
  }

  /** Returns the value of a part, if it was measured. */
  @SuppressWarnings("unchecked") // the value under the name of a part is its own
  public <T> Optional<T> find(CalibrationPart<T> part) {
    return Optional.ofNullable((T) parts.get(part.name()));
  }

  /**
   * Returns the roles.
   *
   * @throws IllegalArgumentException if the calibration has none
   */
  public Roles roles() {
    return find(CalibrationPart.ROLES)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "missing roles in the calibration of " + model.name() + ": run calibrate"));
  }

  /**
   * Returns the parts as policies read them at a budget.
   *
   * @param schedule token maps to draw; they must be those of the calibration
   * @param layers layers of the model
   * @param heads heads of the model
   * @param budget mean tokens per layer and head
   */
  public PolicyCalibration forPolicies(ScaleSchedule schedule, int layers, int heads, int budget) {
    Require.that(
        model.sameShape(layers, heads, schedule),
        "calibration of %s must be of %d layers, %d heads and maps %s, got %d, %d and %s",
        model.name(),
        layers,
        heads,
        schedule.maps(),
        model.layers(),
        model.heads(),
        model.schedule().maps());
    PolicyCalibration policies = PolicyCalibration.NONE;
    for (CalibrationPart<?> part : CalibrationPart.ALL) {
      policies = with(policies, part, schedule, budget);
    }
    return policies;
  }

  private <T> PolicyCalibration with(
      PolicyCalibration policies, CalibrationPart<T> part, ScaleSchedule schedule, int budget) {
    return find(part)
        .map(value -> policies.with(part.name(), part.forPolicies(value, schedule, budget)))
        .orElse(policies);
  }
}
