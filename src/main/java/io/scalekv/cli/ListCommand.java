package io.scalekv.cli;

import io.scalekv.io.Require;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Names that options and experiments take. */
@Command(
    name = "list",
    description = "Lists what can be chosen by name, with settings, defaults and sources.",
    footer = {"  ./scalekv list policies", "  ./scalekv list policies snapkv --json"})
final class ListCommand implements Callable<Integer> {
  @Mixin private Output output;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "KIND",
      description = "policies, metrics, statistics, classifiers, experiments, studies or models.")
  private Names kind;

  @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "One of them.")
  private String name;

  @Override
  public Integer call() throws IOException {
    Map<String, List<Names.Entry>> document = new LinkedHashMap<>();
    if (kind == null) {
      for (Names each : Names.values()) {
        document.put(each.toString(), each.entries());
        output.line("%-12s %d: %s", each, each.entries().size(), each.summary());
      }
      output.json(document);
      output.next("list", Names.POLICIES);
      return 0;
    }
    List<Names.Entry> all = kind.entries();
    List<String> known = all.stream().map(Names.Entry::name).toList();
    Require.that(
        name == null || known.contains(name),
        "%s must be one of %s, got %s%s",
        kind,
        String.join(", ", known),
        name,
        name == null ? "" : Choice.near(name, known));
    List<Names.Entry> chosen =
        all.stream().filter(e -> name == null || e.name().equals(name)).toList();
    document.put(kind.toString(), chosen);
    output.json(document);
    output.table(List.of("name", "summary"), chosen, e -> Output.row(e.name(), e.summary()));
    for (Names.Entry e : name == null ? List.<Names.Entry>of() : chosen) {
      output.line("source: %s", e.source() == null ? "this project" : e.source());
      output.table(
          List.of("setting", "default", "meaning"),
          e.settings(),
          s -> Output.row(s.name(), s.defaultValue(), s.meaning()));
    }
    List<String> words = kind.next(name == null ? known.stream().findFirst().orElse(null) : name);
    if (!words.isEmpty()) {
      output.next(words.toArray());
    }
    return 0;
  }
}
