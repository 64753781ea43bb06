package io.scalekv.roles;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.Require;
import io.scalekv.profile.AttentionSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * ScaleKV's roles and budgets as JSON: statistic, classifier, bootstrap, budget, the list of
 * drafters, and every layer–scale pair with its value, z-score, role, confidence and budget. Layers
 * count from 0, scales from 1 with their map.
 */
public final class RolesPart implements CalibrationPart<Roles> {
  @Override
  public String name() {
    return PolicyCalibration.ROLES;
  }

  @Override
  public Set<AttentionSource.Content> needs(AttentionSource source) {
    return Set.of();
  }

  @Override
  public JsonNode write(Roles roles, CalibratedModel model) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    RoleStatistics s = roles.statistics();
    tree.putObject("statistic")
        .put("name", s.name())
        .put("drafters", s.orientation().word())
        .put("topK", roles.topK());
    ObjectNode classifier = tree.putObject("classifier");
    classifier.put("name", roles.classified().classifier());
    ObjectNode settings = classifier.putObject("settings");
    roles.classified().settings().forEach(settings::put);
    ObjectNode found = classifier.putObject("found");
    roles.classified().found().forEach(found::put);
    if (roles.bootstrap() == null) {
      tree.putNull("bootstrap");
    } else {
      tree.putObject("bootstrap")
          .put("draws", roles.bootstrap().draws())
          .put("seed", roles.bootstrap().seed());
    }
    tree.putObject("budget")
        .put("request", roles.request())
        .put("budgetTokens", roles.budgetTokens())
        .put("allocation", roles.allocation());
    ArrayNode drafters = tree.putArray("drafters");
    for (LayerScale pair : roles.assignment().drafters()) {
      place(drafters, pair.layer(), pair.scale(), model)
          .set("confidence", number(roles.confidence(pair.layer(), pair.scale())));
    }
    double[][] values =
        LayerScale.table(model.layers(), model.scales(), (l, k) -> Roles.rounded(s.value(l, k)));
    double[][] z = RoleStatistics.zScores(values); // of the values as the file has them
    ArrayNode pairs = tree.putArray("pairs");
    for (int l = 0; l < model.layers(); l++) {
      for (int k = 0; k < model.scales(); k++) {
        ObjectNode pair = place(pairs, l, k, model);
        pair.set("value", number(values[l][k]));
        pair.set("z", number(z[l][k]));
        pair.put("role", roles.assignment().role(l, k).word());
        pair.set("confidence", number(roles.confidence(l, k)));
        pair.put("budgetTokens", roles.plan().tokens(k, l));
      }
    }
    return tree;
  }

  private static ObjectNode place(ArrayNode list, int layer, int scale, CalibratedModel model) {
    return list.addObject()
        .put("layer", layer)
        .put("scale", scale + 1)
        .put("map", model.schedule().map(scale).toString());
  }

  private static JsonNode number(double value) {
    return Double.isNaN(value)
        ? JsonNodeFactory.instance.nullNode()
        : JsonNodeFactory.instance.numberNode(Roles.rounded(value));
  }

  @Override
  public Roles read(JsonPlace tree, CalibratedModel model) {
    tree.only("statistic", "classifier", "bootstrap", "budget", "drafters", "pairs");
    JsonPlace statistic = tree.at("statistic");
    statistic.only("name", "drafters", "topK");
    JsonPlace classifier = tree.at("classifier");
    classifier.only("name", "settings", "found");
    Optional<Roles.Bootstrap> bootstrap = tree.find("bootstrap").map(RolesPart::bootstrap);
    JsonPlace budget = tree.at("budget");
    budget.only("request", "budgetTokens", "allocation");
    double[][] values = new double[model.layers()][model.scales()];
    double[][] confidence = new double[model.layers()][model.scales()];
    int[][] tokens = new int[model.scales()][model.layers()];
    List<LayerScale> drafters = new ArrayList<>();
    readPairs(tree.at("pairs"), model, bootstrap.isPresent(), values, confidence, tokens, drafters);
    RoleAssignment assignment = RoleAssignment.of(model.layers(), model.scales(), drafters);
    checkDrafters(tree.at("drafters"), model, assignment);
    int budgetTokens = budget.at("budgetTokens").integer(1, Integer.MAX_VALUE);
    BudgetPlan plan =
        tree.at("pairs").with(() -> BudgetPlan.ofTokens(model.schedule(), budgetTokens, tokens));
    RoleStatistics statistics =
        statistic.with(
            () ->
                new RoleStatistics(
                    statistic.at("name").text(),
                    values,
                    orientation(statistic.at("drafters")),
                    firstDefined(model.schedule(), budgetTokens, values),
                    Map.of()));
    return new Roles(
        new ClassifiedRoles(
            statistics,
            assignment,
            classifier.at("name").text(),
            classifier.at("settings").texts(),
            classifier.at("found").texts()),
        statistic.at("topK").node().asString(),
        bootstrap.orElse(null),
        bootstrap.isPresent() ? confidence : null,
        budget.at("request").text(),
        budget.at("allocation").text(),
        plan);
  }

  private static int firstDefined(ScaleSchedule schedule, int budget, double[][] values) {
    int first = BudgetPlan.firstCutScale(schedule, budget);
    return first < schedule.scales() && Double.isNaN(values[0][first]) ? schedule.scales() : first;
  }

  private static Roles.Bootstrap bootstrap(JsonPlace tree) {
    tree.only("draws", "seed");
    return new Roles.Bootstrap(
        tree.at("draws").integer(1, Integer.MAX_VALUE),
        tree.at("seed").whole(Long.MIN_VALUE, Long.MAX_VALUE));
  }

  private static Orientation orientation(JsonPlace word) {
    List<Orientation> all = List.of(Orientation.values());
    return Require.oneOf("drafters", word.text(), all, Orientation::word);
  }

  private static void readPairs(
      JsonPlace list,
      CalibratedModel model,
      boolean drawn,
      double[][] values,
      double[][] confidence,
      int[][] tokens,
      List<LayerScale> drafters) {
    boolean[][] seen = new boolean[model.layers()][model.scales()];
    for (JsonPlace pair : list.elements(model.pairs())) {
      pair.only("layer", "scale", "map", "value", "z", "role", "confidence", "budgetTokens");
      LayerScale at = place(pair, model);
      int l = at.layer();
      int k = at.scale();
      pair.check(!seen[l][k], "another pair than " + at);
      seen[l][k] = true;
      values[l][k] = optional(pair, "value", -Double.MAX_VALUE, Double.MAX_VALUE);
      optional(pair, "z", -Double.MAX_VALUE, Double.MAX_VALUE);
      confidence[l][k] = optional(pair, "confidence", 0, 1);
      pair.at("confidence")
          .check(Double.isNaN(confidence[l][k]) != drawn, drawn ? "a number" : "null");
      tokens[k][l] = pair.at("budgetTokens").integer(0, Integer.MAX_VALUE);
      String role = pair.at("role").text();
      boolean drafter = role.equals(Role.DRAFTER.word());
      pair.at("role").check(drafter || role.equals(Role.REFINER.word()), "drafter or refiner");
      if (drafter) {
        drafters.add(at);
      }
    }
  }

  private static LayerScale place(JsonPlace pair, CalibratedModel model) {
    int layer = pair.at("layer").integer(0, model.layers() - 1);
    int scale = pair.at("scale").integer(1, model.scales()) - 1;
    String map = model.schedule().map(scale).toString();
    pair.at("map").check(pair.at("map").text().equals(map), map);
    return new LayerScale(layer, scale);
  }

  private static double optional(JsonPlace pair, String key, double least, double most) {
    JsonPlace value = pair.at(key);
    return value.node().isNull() ? Double.NaN : value.number(least, most);
  }

  private static void checkDrafters(
      JsonPlace list, CalibratedModel model, RoleAssignment assignment) {
    List<LayerScale> listed = new ArrayList<>();
    for (JsonPlace drafter : list.elements()) {
      drafter.only("layer", "scale", "map", "confidence");
      listed.add(place(drafter, model));
    }
    list.check(
        listed.equals(List.copyOf(assignment.drafters())), "the drafters of pairs, by scale");
  }

  @Override
  public boolean[][] forPolicies(Roles roles, ScaleSchedule schedule, int budget) {
    return roles.at(schedule, budget).mask();
  }
}
