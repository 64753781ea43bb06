package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CacheType;
import io.scalekv.io.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Result files and the ids of runs. */
final class RunJsonTest {
  private static final RunResult RESULT = ResultFixtures.result("snapkv", "10%", 27, 20);

  @Test
  void whatIsWrittenIsRead() {
    String text = RunJson.text(RESULT);
    assertEquals(RESULT, RunJson.parse(text, "r"));
    assertEquals(text, RunJson.text(RunJson.parse(text, "r")));
    assertFalse(text.contains("\"haarpsi\""), "what was not measured is absent");
  }

  @Test
  void anIdenticalImageHasAnInfinitePsnr() {
    RunResult.Image image =
        RunResult.Image.of(0, 0, true, Map.of("psnr", Double.POSITIVE_INFINITY, "ssim", 1.0));
    assertEquals(Double.POSITIVE_INFINITY, image.value("psnr"));
    assertEquals(1.0, image.value("ssim"));
    assertEquals(null, image.value("haarpsi"));
  }

  /** The id is the same everywhere, for ever: other ids would throw finished results away. */
  @Test
  void theIdIsKnown() {
    assertEquals("17b941453b30c9fe", ResultFixtures.run("snapkv", "10%", 27).id());
  }

  @Test
  void everyFieldChangesTheId() {
    Run run =
        new Run(
            Run.Kind.POLICY,
            RESULT.run().model(),
            RESULT.run().generation(),
            RESULT.run().prompts(),
            new Run.Policy("scalekv", "10%", 27, "5%", 13, CacheType.FP32, CacheType.FP32, 5),
            new Run.Calibration.Measured("asi", false, "5%", 2, "f".repeat(64), 10, 0, "64"),
            "jpeg 90",
            RESULT.run().metrics(),
            new Run.Nets("a", "b", "c", "d", "e", "f"),
            3);
    JsonNode tree = Json.MAPPER.valueToTree(run);
    Set<String> ids = new HashSet<>();
    ids.add(run.id());
    int fields = 0;
    for (List<String> path : leaves(tree)) {
      JsonNode other = tree.deepCopy();
      change(other, path);
      ids.add(RunJson.run(other.toString()).id());
      fields++;
    }
    assertEquals(1 + fields, ids.size());
    assertTrue(fields > 35, "fields: " + fields);
  }

  private static List<List<String>> leaves(JsonNode node) {
    List<List<String>> paths = new ArrayList<>();
    node.properties()
        .forEach(
            e -> {
              if (e.getValue().isObject()) {
                for (List<String> rest : leaves(e.getValue())) {
                  List<String> path = new ArrayList<>(List.of(e.getKey()));
                  path.addAll(rest);
                  paths.add(path);
                }
              } else {
                paths.add(List.of(e.getKey()));
              }
            });
    return paths;
  }

  private static void change(JsonNode tree, List<String> path) {
    ObjectNode parent = (ObjectNode) tree;
    for (String step : path.subList(0, path.size() - 1)) {
      parent = (ObjectNode) parent.get(step);
    }
    String key = path.get(path.size() - 1);
    JsonNode value = parent.get(key);
    if (key.equals("kind")) {
      parent.put(key, "distortion");
    } else if (key.equals("source")) {
      parent.remove(
          List.of("statistic", "inverted", "topK", "promptSha256", "prompts", "querySamples"));
      parent.put(key, "random");
    } else if (key.endsWith("Type")) {
      parent.put(key, "int8");
    } else if (value.isString()) {
      parent.put(key, value.stringValue() + "0");
    } else if (value.isBoolean()) {
      parent.put(key, !value.booleanValue());
    } else if (value.isIntegralNumber()) {
      parent.put(key, value.longValue() + 1);
    } else if (value.isNumber()) {
      parent.put(key, value.doubleValue() + 0.5);
    } else {
      ((ArrayNode) value).remove(0);
    }
  }

  @Test
  void aFileThatIsNotWhatItShouldBeIsRefusedInOneLine() {
    ObjectNode tree = Json.MAPPER.valueToTree(RESULT);
    refused(tree.deepCopy().put("id", "0".repeat(16)), "/id");
    refused(tree.deepCopy().put("extra", 1), "/extra");
    refused(tree.deepCopy().without("metrics"), "/metrics");
    ObjectNode other = tree.deepCopy();
    ((ObjectNode) other.get("run").get("policy")).put("budgetTokens", 28);
    refused(other, "/id");
    ObjectNode bad = tree.deepCopy();
    ((ObjectNode) bad.get("images").get(0).get("metrics")).put("ssim", "much");
    refused(bad, "/images/0/metrics/ssim");
  }

  private static void refused(JsonNode tree, String place) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> RunJson.parse(tree.toString(), "r.json"));
    assertTrue(e.getMessage().contains(place), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }
}
