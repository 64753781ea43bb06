package io.scalekv.experiment;

import io.scalekv.io.Json;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Differences between two results of one run, except time, host, memory and software. */
public final class ResultDifferences {
  private static final int MOST = 20;

  private ResultDifferences() {}

  /**
   * Returns the places that differ, each as {@code /pointer: VALUE recorded, VALUE derived}; at
   * most {@value #MOST} and a line that says how many more.
   */
  public static List<String> of(RunResult recorded, RunResult derived) {
    List<String> differences = new ArrayList<>();
    compare(comparable(recorded), comparable(derived), "", differences);
    if (differences.size() <= MOST) {
      return differences;
    }
    List<String> first = new ArrayList<>(differences.subList(0, MOST));
    first.add("and " + (differences.size() - MOST) + " more");
    return first;
  }

  /** Returns the parts of a result that two runs of a run share. */
  static JsonNode comparable(RunResult result) {
    ObjectNode tree = Json.MAPPER.valueToTree(result);
    tree.remove("provenance");
    tree.remove("latency");
    return tree;
  }

  private static void compare(JsonNode a, JsonNode b, String pointer, List<String> differences) {
    if (a.isObject() && b.isObject()) {
      Set<String> keys = new LinkedHashSet<>(a.propertyNames());
      keys.addAll(b.propertyNames());
      for (String key : keys) {
        compare(a.path(key), b.path(key), Json.child(pointer, key), differences);
      }
    } else if (a.isArray() && b.isArray() && a.size() == b.size()) {
      for (int i = 0; i < a.size(); i++) {
        compare(a.get(i), b.get(i), pointer + "/" + i, differences);
      }
    } else if (!equal(a, b)) {
      differences.add(pointer + ": " + Json.show(a) + " recorded, " + Json.show(b) + " derived");
    }
  }

  private static boolean equal(JsonNode a, JsonNode b) {
    return a.isNumber() && b.isNumber() ? a.doubleValue() == b.doubleValue() : a.equals(b);
  }
}
