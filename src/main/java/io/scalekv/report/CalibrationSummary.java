package io.scalekv.report;

import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.Role;
import io.scalekv.roles.Roles;
import io.scalekv.roles.UnsureRole;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * Summary of a calibration; what follows from roles is null where it has none.
 *
 * @param model name, and hash of the weights
 * @param source origin of the statistics, by name
 * @param budget as typed
 * @param budgetTokens mean tokens per layer and head
 * @param drafters by scale, then layer
 * @param leftOut drafters by rank that were unsure and share alike with the refiners
 * @param unsure roles that the prompts do not settle, drafters first
 */
public record CalibrationSummary(
    Map<String, String> model,
    SortedMap<String, String> source,
    String statistic,
    String classifier,
    String budget,
    Integer budgetTokens,
    String allocation,
    List<Drafter> drafters,
    int leftOut,
    List<Unsure> unsure,
    List<String> parts) {
  private static final int MOST_UNSURE = 4;

  /**
   * One drafter.
   *
   * @param layer from 0
   * @param scale from 1
   * @param confidence bootstrap probability of the role; null without a bootstrap
   */
  public record Drafter(int layer, int scale, String map, Double confidence) {
    private static Drafter of(Calibration c, LayerScale pair) {
      double confidence = c.roles().confidence(pair.layer(), pair.scale());
      return new Drafter(
          pair.layer(),
          pair.scale() + 1,
          c.model().schedule().map(pair.scale()).toString(),
          Double.isNaN(confidence) ? null : confidence);
    }

    @Override
    public String toString() {
      return "layer %d at scale %d (%s)".formatted(layer, scale, map)
          + (confidence == null ? "" : String.format(Locale.ROOT, ", confidence %.2f", confidence));
    }
  }

  /**
   * One role that the prompts do not settle.
   *
   * @param layer from 0
   * @param scale from 1
   * @param confidence bootstrap probability of the role; null without a bootstrap
   */
  public record Unsure(
      int layer, int scale, String map, String role, Double confidence, String reason) {
    private static Unsure of(Calibration c, UnsureRole u) {
      return new Unsure(
          u.pair().layer(),
          u.pair().scale() + 1,
          c.model().schedule().map(u.pair().scale()).toString(),
          u.role().word(),
          Double.isNaN(u.confidence()) ? null : u.confidence(),
          u.reason());
    }

    boolean isDrafter() {
      return role.equals(Role.DRAFTER.word());
    }

    @Override
    public String toString() {
      return "%s layer %d at scale %d (%s): %s".formatted(role, layer, scale, map, reason);
    }
  }

  /** Returns the summary of a calibration. */
  public static CalibrationSummary of(Calibration c) {
    Map<String, String> model =
        Map.of("name", c.model().name(), "weightsSha256", c.model().weights());
    if (c.find(CalibrationPart.ROLES).isEmpty()) {
      return new CalibrationSummary(
          model, c.source(), null, null, null, null, null, List.of(), 0, List.of(), c.names());
    }
    Roles roles = c.roles();
    return new CalibrationSummary(
        model,
        c.source(),
        roles.statistics().name(),
        roles.classified().classifier(),
        roles.request(),
        roles.budgetTokens(),
        roles.allocation(),
        roles.assignment().drafters().stream().map(pair -> Drafter.of(c, pair)).toList(),
        roles.classified().leftOut(),
        UnsureRole.of(c).stream().map(u -> Unsure.of(c, u)).toList(),
        c.names());
  }

  /** Returns rule, budget, parts and drafters for people. */
  public List<String> lines() {
    String all = "parts: " + String.join(", ", parts);
    if (statistic == null) {
      return List.of(model.get("name") + ": no roles", all);
    }
    String found =
        drafters.stream()
            .map(d -> d + (isUnsure(d) ? ", unsure" : ""))
            .collect(Collectors.joining("; "));
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s: z of %s, roles by %s, budget %s = %d tokens per layer and head (%s allocation)"
            .formatted(model.get("name"), statistic, classifier, budget, budgetTokens, allocation));
    lines.add(all);
    lines.add("drafters (D): " + (found.isEmpty() ? "none" : found));
    leftOut(leftOut).ifPresent(lines::add);
    unsure.stream().limit(MOST_UNSURE).forEach(u -> lines.add("unsure " + u));
    if (unsure.size() > MOST_UNSURE) {
      lines.add(
          "and %d more of less than %.1f".formatted(unsure.size() - MOST_UNSURE, UnsureRole.SURE));
    }
    if (unsure.stream().anyMatch(Unsure::isDrafter)) {
      lines.add("more images settle roles; equal shares for unsure layers: " + equalShares());
    }
    return lines;
  }

  /** Returns the sentence on drafters that were left out as unsure, if there are some. */
  static Optional<String> leftOut(int count) {
    return Optional.of(
            "%d more by rank %s unsure (confidence below %.1f): equal share; --unsure ranked keeps %s"
                .formatted(
                    count, count == 1 ? "is" : "are", UnsureRole.SURE, count == 1 ? "it" : "them"))
        .filter(line -> count > 0);
  }

  private boolean isUnsure(Drafter d) {
    return unsure.stream()
        .anyMatch(u -> u.isDrafter() && u.layer() == d.layer() && u.scale() == d.scale());
  }

  /** Returns the setting of ScaleKV in which only sure drafters get a share of their own. */
  public String equalShares() {
    String sure =
        drafters.stream()
            .filter(d -> !isUnsure(d))
            .map(d -> d.layer() + "@" + d.scale())
            .collect(Collectors.joining("+"));
    return "--policy scalekv:drafters=" + (sure.isEmpty() ? "none" : sure);
  }
}
