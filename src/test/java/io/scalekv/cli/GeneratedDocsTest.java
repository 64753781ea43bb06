package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.scalekv.cache.policy.PolicyKind;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import io.scalekv.metrics.FidelityMetric;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The lists in the documentation say what the code says. Everything below the marker line of a page
 * is written by {@code mvn test -Dtest=GeneratedDocsTest -Dscalekv.docs=write}.
 */
final class GeneratedDocsTest {
  private static final String MARKER = "<!-- written by GeneratedDocsTest: do not edit below -->\n";

  @ParameterizedTest
  @ValueSource(strings = {"policies", "metrics", "statistics", "experiments"})
  void pageSaysWhatTheCodeSays(String page) throws IOException {
    Path file = Path.of("docs", page + ".md");
    String text = Files.readString(file);
    String head = text.substring(0, text.indexOf(MARKER) + MARKER.length());
    String wanted = head + body(page);
    if ("write".equals(System.getProperty("scalekv.docs"))) {
      Files.writeString(file, wanted);
    }
    assertEquals(wanted, Files.readString(file), file.toString());
  }

  private static String body(String page) throws IOException {
    return switch (page) {
      case "policies" -> sections(Names.POLICIES);
      case "metrics" -> table(Names.METRICS);
      case "statistics" -> table(Names.STATISTICS) + sections(Names.CLASSIFIERS);
      default -> schema() + "\n## Files\n" + table(Names.EXPERIMENTS);
    };
  }

  private static String table(Names names) throws IOException {
    StringBuilder s = new StringBuilder("\n| name | |\n| --- | --- |\n");
    for (Names.Entry e : own(names)) {
      s.append("| `%s` | %s |%n".formatted(e.name(), cell(e.summary())));
    }
    return s.toString();
  }

  private static String sections(Names names) throws IOException {
    StringBuilder s = new StringBuilder();
    for (Names.Entry e : own(names)) {
      s.append("%n## %s%n%n%s. Source: %s.%n".formatted(e.name(), sentence(e), linked(e.source())));
      if (names == Names.POLICIES) {
        s.append("%n![Tokens that %1$s retains](figures/policies/%1$s.svg)%n".formatted(e.name()));
      }
      if (!e.settings().isEmpty()) {
        s.append("\n| setting | default | meaning |\n| --- | --- | --- |\n");
        for (Names.Setting t : e.settings()) {
          String otherwise = t.defaultValue() == null ? "" : "`" + t.defaultValue() + "`";
          s.append("| `%s` | %s | %s |%n".formatted(t.name(), otherwise, cell(t.meaning())));
        }
      }
    }
    return s.toString();
  }

  /** The entries that come with the project, without those of services of the tests. */
  private static List<Names.Entry> own(Names names) throws IOException {
    Set<String> others =
        Stream.concat(
                ServiceLoader.load(PolicyKind.class).stream().map(p -> p.get().name()),
                ServiceLoader.load(FidelityMetric.class).stream().map(m -> m.get().key()))
            .collect(Collectors.toSet());
    return names.entries().stream().filter(e -> !others.contains(e.name())).toList();
  }

  private static String sentence(Names.Entry e) {
    return Character.toUpperCase(e.summary().charAt(0)) + e.summary().substring(1);
  }

  private static String linked(String source) {
    return source == null
        ? "this project"
        : source.replaceAll("arXiv ([0-9.]+[0-9])", "[arXiv $1](https://arxiv.org/abs/$1)");
  }

  /** The keys of an experiment, in the order of the schema. */
  private static String schema() throws IOException {
    JsonNode schema = schemaFile();
    List<String> lines = new ArrayList<>();
    keys(schema, schema, "", lines);
    return "\n| key | value | default | example | meaning |\n| --- | --- | --- | --- | --- |\n"
        + String.join("", lines);
  }

  private static void keys(JsonNode schema, JsonNode object, String path, List<String> lines) {
    for (Map.Entry<String, JsonNode> e : object.path("properties").properties()) {
      JsonNode value = resolved(schema, e.getValue());
      String name = path + e.getKey();
      boolean list = value.has("items");
      JsonNode item = list ? resolved(schema, value.get("items")) : value;
      boolean nested = item.has("properties");
      String otherwise =
          value.has("default") && !nested ? "`" + cell(value.get("default").toString()) + "`" : "";
      lines.add(
          "| `%s` | %s | %s | %s | %s |%n"
              .formatted(
                  name,
                  (list ? "list of " : "") + (nested ? "table" : cell(values(item))),
                  otherwise,
                  nested ? "" : "`" + cell(flow(value.path("examples").path(0))) + "`",
                  cell(value.path("description").asString())));
      if (nested) {
        keys(schema, item, name + ".", lines);
      }
    }
  }

  /** Returns a value as YAML on one line. */
  private static String flow(JsonNode value) {
    if (!value.isArray()) {
      return value.asString();
    }
    List<String> items = new ArrayList<>();
    value.forEach(v -> items.add(v.asString().contains(",") ? v.toString() : v.asString()));
    return items.size() == 1 ? items.get(0) : "[" + String.join(", ", items) + "]";
  }

  /** All examples together are an experiment by the schema. */
  @Test
  void examplesAreValid() throws IOException {
    JsonNode schema = schemaFile();
    JsonSchema.of(ExperimentSpec.class, "experiment-1.schema.json")
        .check(example(schema, schema), "examples");
  }

  private static JsonNode example(JsonNode schema, JsonNode node) {
    JsonNode value = resolved(schema, node);
    if (value.has("examples")) {
      return value.get("examples").get(0);
    }
    if (value.has("items")) {
      return JsonNodeFactory.instance.arrayNode().add(example(schema, value.get("items")));
    }
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    value
        .path("properties")
        .properties()
        .forEach(e -> object.set(e.getKey(), example(schema, e.getValue())));
    return object;
  }

  private static JsonNode schemaFile() throws IOException {
    return Json.read(
        Path.of("src/main/resources/io/scalekv/experiment/experiment-1.schema.json"),
        JsonNode.class);
  }

  private static JsonNode resolved(JsonNode schema, JsonNode value) {
    if (!value.has("$ref")) {
      return value;
    }
    ObjectNode merged = schema.at(value.get("$ref").asString().substring(1)).deepCopy().asObject();
    merged.setAll(value.asObject());
    return merged;
  }

  private static String values(JsonNode item) {
    if (item.has("enum")) {
      List<String> names = new ArrayList<>();
      item.get("enum").forEach(v -> names.add("`" + v.asString() + "`"));
      return String.join(", ", names);
    }
    JsonNode type = item.path("type");
    List<String> types = new ArrayList<>();
    if (type.isArray()) {
      type.forEach(t -> types.add(t.asString()));
    } else {
      types.add(type.asString("text"));
    }
    String text =
        String.join(" or ", types)
            .replace("string", "text")
            .replace("integer", "whole number")
            .replace("boolean", "true or false");
    String least = bound(item, "minimum", "from ") + bound(item, "exclusiveMinimum", "above ");
    return text + least + bound(item, "maximum", "to ");
  }

  private static String bound(JsonNode item, String key, String word) {
    return item.has(key) ? " " + word + item.get(key) : "";
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }

  /** A page without its marker would pass with any content. */
  @ParameterizedTest
  @ValueSource(strings = {"policies", "metrics", "statistics", "experiments"})
  void pageHasOneMarker(String page) throws IOException {
    String text = Files.readString(Path.of("docs", page + ".md"), StandardCharsets.UTF_8);
    assertEquals(text.indexOf(MARKER), text.lastIndexOf(MARKER));
  }
}
