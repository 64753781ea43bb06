package io.scalekv.study;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.io.Require;
import io.scalekv.metrics.ImageMetrics;
import io.scalekv.metrics.Psnr;
import io.scalekv.roles.LayerScale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Damage to images when the cache of one layer alone is compressed, from the runs of policy {@code
 * one-layer}: the ground truth of roles. Two measurements:
 *
 * <ul>
 *   <li>whole layers: the layer retains the budget from the first scale that reads a compressed
 *       cache to the last, all other layers retain everything;
 *   <li>layer–scale pairs: the layer is compressed once, for the map of that scale. Later tokens
 *       are retained and evicted ones do not return, as in a plan in which that pair alone is a
 *       refiner and all others are drafters.
 * </ul>
 *
 * @param model the model
 * @param schedule its token maps
 * @param budgetTokens tokens per head of the compressed layer
 * @param layers number of layers
 * @param scales 0-based scales of the pairs, ascending; empty for whole layers
 * @param prompts the images
 * @param bits share of the image's token bits that differ, [layer][scale][prompt]; one place
 *     instead of the scales for whole layers
 * @param psnrDb PSNR of the image, [layer][scale][prompt]; +∞ where it is identical
 */
public record CutDamage(
    Run.Model model,
    ScaleSchedule schedule,
    int budgetTokens,
    int layers,
    List<Integer> scales,
    Run.Prompts prompts,
    double[][][] bits,
    double[][][] psnrDb) {
  /** Settings shared by the runs of one measurement. */
  private record Group(
      boolean pairs,
      Run.Model model,
      List<String> schedule,
      Run.Prompts prompts,
      Run.Policy policy) {
    static Group of(Run c, boolean pairs) {
      Run.Policy p = c.policy();
      return new Group(
          pairs,
          c.model(),
          c.generation().schedule(),
          c.prompts(),
          new Run.Policy(
              "one-layer",
              null,
              p.budgetTokens(),
              null,
              p.unconditionalTokens(),
              p.keyType(),
              p.valueType(),
              p.cfgUntil()));
    }
  }

  /** Copies the list. */
  public CutDamage {
    scales = List.copyOf(scales);
  }

  /** Returns whether it is about layer–scale pairs. */
  public boolean ofPairs() {
    return !scales.isEmpty();
  }

  /** Returns the first scale, 0-based, that reads a compressed cache. */
  public int firstCutScale() {
    return BudgetPlan.firstCutScale(schedule, budgetTokens);
  }

  /**
   * Returns the measurements of a folder of results: at most one of whole layers and one of pairs.
   * Runs of other policies are left out.
   *
   * @param name of the folder, for messages
   * @param layers required number of layers
   * @throws IllegalArgumentException if there is none, a layer is missing, or runs do not belong
   *     together
   */
  public static List<CutDamage> of(Results results, String name, int layers) {
    Map<Boolean, Group> groups = new TreeMap<>();
    Map<Boolean, Map<LayerScale, RunResult>> runs = new TreeMap<>();
    for (RunResult r : results.runs().values()) {
      if (r.run().kind() != Run.Kind.POLICY) {
        continue;
      }
      PolicySpec policy = PolicySpec.parse(r.run().policy().name());
      if (!policy.name().equals("one-layer")) {
        continue;
      }
      int scale = Integer.parseInt(policy.settings().getOrDefault("scale", "0")) - 1;
      boolean pairs = scale >= 0;
      Group group = Group.of(r.run(), pairs);
      Group known = groups.putIfAbsent(pairs, group);
      Require.that(
          known == null || known.equals(group),
          "one-layer runs of %s must share model, prompts and budget, got %s and %s",
          name,
          known,
          group);
      int layer = Integer.parseInt(policy.settings().getOrDefault("layer", "0"));
      runs.computeIfAbsent(pairs, p -> new TreeMap<>()).put(new LayerScale(layer, scale), r);
    }
    Require.that(!runs.isEmpty(), "missing runs of policy one-layer in %s: sweep them", name);
    List<CutDamage> all = new ArrayList<>();
    runs.forEach((pairs, found) -> all.add(of(groups.get(pairs), found, name, layers)));
    return all;
  }

  private static CutDamage of(
      Group group, Map<LayerScale, RunResult> runs, String name, int layers) {
    RunResult first = runs.values().iterator().next();
    ScaleSchedule schedule = first.run().generation().maps();
    List<Integer> scales =
        runs.keySet().stream().map(LayerScale::scale).distinct().filter(k -> k >= 0).toList();
    int places = Math.max(1, scales.size());
    int budget = group.policy().budgetTokens();
    double[][][] bits = new double[layers][places][];
    double[][][] psnr = new double[layers][places][];
    for (int l = 0; l < layers; l++) {
      for (int i = 0; i < places; i++) {
        int scale = scales.isEmpty() ? -1 : scales.get(i);
        RunResult r = runs.get(new LayerScale(l, scale));
        Require.that(
            r != null,
            "missing run of layer %d%s in %s: sweep it",
            l,
            scale < 0 ? "" : " at scale " + (scale + 1),
            name);
        bits[l][i] =
            Arrays.stream(r.byPrompt(ImageMetrics.BITS.key())).map(equal -> 1 - equal).toArray();
        psnr[l][i] = r.byPrompt(Psnr.METRIC.key());
      }
    }
    Require.that(
        runs.keySet().stream().allMatch(p -> p.layer() < layers),
        "%s: layers must be below %d",
        name,
        layers);
    return new CutDamage(
        group.model(), schedule, budget, layers, scales, group.prompts(), bits, psnr);
  }
}
