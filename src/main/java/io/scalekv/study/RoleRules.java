package io.scalekv.study;

import io.scalekv.roles.LayerScale;
import io.scalekv.roles.Role;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.roles.TribuoData;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.dtree.CARTClassificationTrainer;
import org.tribuo.classification.dtree.impurity.GiniIndex;
import org.tribuo.common.tree.LeafNode;
import org.tribuo.common.tree.Node;
import org.tribuo.common.tree.SplitNode;
import org.tribuo.common.tree.TreeModel;

/**
 * Rules that describe roles: a classification tree (CART, Breiman et al. 1984; Tribuo) over the raw
 * statistics. The statistic that roles were assigned by is left out: it would explain nothing.
 *
 * <p>Each limit is the shortest decimal between the two values that the tree separates, and the
 * counts of a rule are those of its printed form.
 *
 * @param rules one per leaf of drafters, the one that covers most first; empty where the tree finds
 *     none
 * @param settings of the tree
 */
public record RoleRules(List<RoleRule> rules, SortedMap<String, String> settings) {
  /** Depth of a readable tree. */
  public static final int DEPTH = 2;

  /** Copies the list. */
  public RoleRules {
    rules = List.copyOf(rules);
    settings = Collections.unmodifiableSortedMap(settings);
  }

  /**
   * Returns rules for roles.
   *
   * @param roles which pairs are drafters
   * @param depth most conditions of a rule, at least 1
   */
  public static RoleRules of(RoleAssignment roles, RoleStatistics statistics, int depth) {
    List<String> features = new ArrayList<>(statistics.others());
    features.remove(statistics.name());
    List<LayerScale> pairs = statistics.pairs();
    CARTClassificationTrainer trainer =
        new CARTClassificationTrainer(depth, 1, 0, 1, false, new GiniIndex(), 0);
    SortedMap<String, String> settings = TribuoData.settings(trainer);
    settings.put("features", String.join(" ", features));
    if (features.isEmpty() || pairs.isEmpty()) {
      return new RoleRules(List.of(), settings);
    }
    double[][] vectors = new double[pairs.size()][features.size()];
    Label[] labels = new Label[pairs.size()];
    for (int i = 0; i < labels.length; i++) {
      LayerScale pair = pairs.get(i);
      for (int f = 0; f < features.size(); f++) {
        vectors[i][f] = statistics.other(features.get(f), pair);
      }
      labels[i] = new Label(roles.role(pair.layer(), pair.scale()).word());
    }
    TreeModel<Label> tree = trainer.train(TribuoData.of(vectors, labels, new LabelFactory()));
    List<List<RoleRule.Condition>> leaves = new ArrayList<>();
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      all.add(i);
    }
    collect(tree.getRoot(), features, vectors, all, List.of(), leaves);
    List<RoleRule> rules = new ArrayList<>();
    for (List<RoleRule.Condition> conditions : leaves) {
      RoleRule rule = counted(conditions, roles, statistics);
      if (rule.covered() > rule.wrong()) {
        rules.add(rule);
      }
    }
    rules.sort((a, b) -> Integer.compare(b.covered(), a.covered()));
    return new RoleRules(rules, settings);
  }

  /** Returns the number of drafters that no rule covers. */
  public int missed(RoleAssignment roles, RoleStatistics statistics) {
    return (int)
        statistics.pairs().stream()
            .filter(p -> roles.isDrafter(p.layer(), p.scale()))
            .filter(p -> rules.stream().noneMatch(rule -> rule.holds(statistics, p)))
            .count();
  }

  private static RoleRule counted(
      List<RoleRule.Condition> conditions, RoleAssignment roles, RoleStatistics statistics) {
    int[] met = new int[2];
    int[] there = new int[2];
    for (LayerScale pair : statistics.pairs()) {
      int role = roles.isDrafter(pair.layer(), pair.scale()) ? 0 : 1;
      there[role]++;
      if (conditions.stream().allMatch(c -> c.holds(statistics.other(c.feature(), pair)))) {
        met[role]++;
      }
    }
    return new RoleRule(conditions, met[0], there[0], met[1], there[1]);
  }

  /** Walks down the tree with the pairs that reach a node; leaves of drafters become rules. */
  private static void collect(
      Node<Label> node,
      List<String> features,
      double[][] vectors,
      List<Integer> here,
      List<RoleRule.Condition> conditions,
      List<List<RoleRule.Condition>> leaves) {
    if (sameEverywhere(node, Role.REFINER)) {
      return;
    }
    if (sameEverywhere(node, Role.DRAFTER)) {
      if (!conditions.isEmpty()) {
        leaves.add(conditions);
      }
      return;
    }
    SplitNode<Label> split = (SplitNode<Label>) node;
    int feature = split.getFeatureID();
    List<Integer> low = new ArrayList<>();
    List<Integer> high = new ArrayList<>();
    double below = Double.NEGATIVE_INFINITY;
    double above = Double.POSITIVE_INFINITY;
    for (int i : here) {
      double value = vectors[i][feature];
      if (value <= split.splitValue()) {
        low.add(i);
        below = Math.max(below, value);
      } else {
        high.add(i);
        above = Math.min(above, value);
      }
    }
    BigDecimal limit = shortest(below, above);
    String name = features.get(feature);
    collect(
        split.getLessThanOrEqual(),
        features,
        vectors,
        low,
        with(conditions, new RoleRule.Condition(name, false, limit)),
        leaves);
    collect(
        split.getGreaterThan(),
        features,
        vectors,
        high,
        with(conditions, new RoleRule.Condition(name, true, limit)),
        leaves);
  }

  private static boolean sameEverywhere(Node<Label> node, Role role) {
    return node instanceof SplitNode<Label> split
        ? sameEverywhere(split.getLessThanOrEqual(), role)
            && sameEverywhere(split.getGreaterThan(), role)
        : ((LeafNode<Label>) node).getOutput().getLabel().equals(role.word());
  }

  private static List<RoleRule.Condition> with(
      List<RoleRule.Condition> conditions, RoleRule.Condition last) {
    List<RoleRule.Condition> all = new ArrayList<>(conditions);
    // Further down, a limit of the same statistic on the same side is the narrower one.
    all.removeIf(c -> c.feature().equals(last.feature()) && c.above() == last.above());
    all.add(last);
    return all;
  }

  /** Returns the decimal of the fewest digits strictly between two numbers, near their middle. */
  static BigDecimal shortest(double below, double above) {
    BigDecimal low = BigDecimal.valueOf(below);
    BigDecimal high = BigDecimal.valueOf(above);
    BigDecimal middle = low.add(high).divide(BigDecimal.valueOf(2));
    for (int digits = 1; ; digits++) {
      BigDecimal rounded = middle.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      if (low.compareTo(rounded) < 0 && rounded.compareTo(high) < 0) {
        return rounded.stripTrailingZeros();
      }
    }
  }
}
