package io.scalekv.roles;

import java.util.ArrayList;
import java.util.List;

/**
 * Role that the prompts do not settle: fewer than {@value #SURE} of the bootstrap draws agree with
 * it, or there was no bootstrap.
 *
 * @param pair layer and scale, both 0-based
 * @param role drafter or refiner
 * @param confidence share of the draws that agree, in [0, 1]; NaN without a bootstrap
 * @param reason why, for people
 */
public record UnsureRole(LayerScale pair, Role role, double confidence, String reason) {
  /** Least confidence of a role that is sure. */
  public static final double SURE = 0.8;

  /** Prompts below which more of them are the first remedy. */
  private static final int FEW_PROMPTS = 32;

  /** Difference of z-scores, in standard deviations, below which two pairs tie. */
  private static final double TIE = 0.2;

  /**
   * Returns the unsure roles by scale, then layer: drafters first. Without a bootstrap every
   * drafter is unsure, but for roles that another project assigned: those are as given.
   */
  public static List<UnsureRole> of(Calibration calibration) {
    Roles roles = calibration.roles();
    List<UnsureRole> unsure = new ArrayList<>();
    if (roles.classified().classifier().equals(Roles.IMPORTED)) {
      return unsure;
    }
    String prompts = calibration.source().get("prompts");
    for (Role role : List.of(Role.DRAFTER, Role.REFINER)) {
      for (LayerScale pair : roles.statistics().pairs()) {
        double confidence = roles.confidence(pair.layer(), pair.scale());
        boolean known = !Double.isNaN(confidence);
        boolean doubt = known ? confidence < SURE : role == Role.DRAFTER;
        if (roles.assignment().role(pair.layer(), pair.scale()) == role && doubt) {
          String reason = reason(calibration, pair, role, known, prompts);
          unsure.add(new UnsureRole(pair, role, confidence, reason));
        }
      }
    }
    return List.copyOf(unsure);
  }

  /** Returns whether a bootstrap gave the confidence. */
  public boolean isResampled() {
    return !Double.isNaN(confidence);
  }

  private static String reason(
      Calibration c, LayerScale pair, Role role, boolean known, String prompts) {
    List<String> reasons = new ArrayList<>();
    if (prompts != null && prompts.matches("[0-9]{1,2}")) {
      int n = Integer.parseInt(prompts);
      if (n < FEW_PROMPTS) {
        reasons.add(n == 1 ? "a single image" : "few images (" + n + ")");
      }
    }
    if (!known && reasons.isEmpty()) {
      reasons.add("no bootstrap");
    }
    RoleStatistics s = c.roles().statistics();
    List<LayerScale> pairs = s.pairs();
    double[] scores = s.scores();
    double own = scores[pairs.indexOf(pair)];
    int rival = -1;
    for (int i = 0; i < scores.length; i++) {
      LayerScale other = pairs.get(i);
      if (c.roles().assignment().role(other.layer(), other.scale()) != role
          && (rival < 0 || Math.abs(scores[i] - own) < Math.abs(scores[rival] - own))) {
        rival = i;
      }
    }
    if (rival >= 0 && Math.abs(scores[rival] - own) < TIE) {
      LayerScale other = pairs.get(rival);
      reasons.add(
          "ties with layer %d at scale %d (%s)"
              .formatted(
                  other.layer(), other.scale() + 1, c.model().schedule().map(other.scale())));
    }
    return reasons.isEmpty() ? "images disagree" : String.join("; ", reasons);
  }
}
