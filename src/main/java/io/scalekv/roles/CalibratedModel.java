package io.scalekv.roles;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.Require;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Model that a calibration belongs to.
 *
 * @param name such as {@code pocket}
 * @param weights {@code sha256:} and the hash of the weights, {@code random:} and a seed, or
 *     {@value #UNKNOWN_WEIGHTS}
 * @param layers number of layers L
 * @param heads number of heads H
 * @param schedule the K token maps
 */
public record CalibratedModel(
    String name, String weights, int layers, int heads, ScaleSchedule schedule) {
  /** {@link #weights} of calibrations that come from other projects. */
  public static final String UNKNOWN_WEIGHTS = "unknown";

  private static final String SHA256 = "sha256:";
  private static final Pattern WEIGHTS =
      Pattern.compile("sha256:[0-9a-f]{64}|random:-?[0-9]{1,19}\\S*|unknown");
  private static final int MOST = 1000;
  private static final int MOST_SCALES = 100;

  /** Checks the ranges. */
  public CalibratedModel {
    Require.that(!name.isBlank(), "model must have a name, got \"%s\"", name);
    Require.that(WEIGHTS.matcher(weights).matches(), "weights must be a SHA-256, got %s", weights);
    Require.between("layers", layers, 1, MOST);
    Require.between("heads", heads, 1, MOST);
    Require.between("scales", schedule.scales(), 1, MOST_SCALES);
  }

  /** Returns the number of scales K. */
  public int scales() {
    return schedule.scales();
  }

  /** Returns the number of layer–scale pairs. */
  public int pairs() {
    return layers * scales();
  }

  /** Returns whether another model has the same shape. */
  public boolean sameShape(int otherLayers, int otherHeads, ScaleSchedule other) {
    return layers == otherLayers && heads == otherHeads && schedule.equals(other);
  }

  ObjectNode write() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("name", name);
    tree.put(
        "weightsSha256", weights.startsWith(SHA256) ? weights.substring(SHA256.length()) : weights);
    tree.put("layers", layers);
    tree.put("heads", heads);
    ArrayNode maps = tree.putArray("schedule");
    schedule.maps().forEach(map -> maps.add(map.toString()));
    return tree;
  }

  static CalibratedModel read(JsonPlace tree) {
    tree.only("name", "weightsSha256", "layers", "heads", "schedule");
    String weights = tree.at("weightsSha256").text();
    List<TokenMap> maps =
        tree.at("schedule").elements().stream().map(m -> m.parse(TokenMap::parse)).toList();
    return tree.with(
        () ->
            new CalibratedModel(
                tree.at("name").text(),
                weights.matches("[0-9a-f]{64}") ? SHA256 + weights : weights,
                tree.at("layers").integer(1, MOST),
                tree.at("heads").integer(1, MOST),
                new ScaleSchedule(maps)));
  }
}
