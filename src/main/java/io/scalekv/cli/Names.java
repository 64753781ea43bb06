package io.scalekv.cli;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.scalekv.cache.policy.Policies;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.Metrics;
import io.scalekv.metrics.Metric;
import io.scalekv.model.ModelCatalog;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.study.Study;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Kinds of names that {@code list} shows. */
enum Names {
  /** Cache policies. */
  POLICIES("which tokens a layer retains", "memory", "--policy", "NAME", "--budget", "10%") {
    @Override
    List<Entry> entries() {
      return Policies.all().stream()
          .map(
              k ->
                  new Entry(
                      k.name(),
                      k.summary(),
                      k.settings().stream()
                          .map(
                              s ->
                                  new Setting(
                                      s.name(),
                                      s.otherwise(),
                                      s.meaning() + " (" + s.range() + ")"))
                          .toList(),
                      k.source()))
          .toList();
    }
  },
  /** Fidelity metrics of images. */
  METRICS("fidelity of images against the full cache") {
    @Override
    List<Entry> entries() {
      return Metrics.all().stream().map(Names::metric).toList();
    }
  },
  /** Attention statistics. */
  STATISTICS("numbers about the attention of a layer at a scale (--statistic)") {
    @Override
    List<Entry> entries() {
      return Stream.of(LayerStatistic.values())
          .map(
              s ->
                  Entry.of(
                      s.cliName(),
                      "%s (%s), high for a %s"
                          .formatted(
                              s.title(),
                              s.unit().label(),
                              s.highMeansRefiner() ? "refiner" : "drafter")))
          .toList();
    }
  },
  /** Role classifiers. */
  CLASSIFIERS("rules that assign roles (--classifier)") {
    @Override
    List<Entry> entries() {
      return List.of(
          new Entry(
              "rank",
              "the N_d layer-scale pairs with the lowest statistic are drafters",
              List.of(new Setting("--drafters", "6.5 % of the pairs", "number of drafters N_d")),
              "Li et al., ScaleKV, arXiv 2505.19602"),
          Entry.of("gap", "rank, with N_d at the largest gap of the z-scores"),
          new Entry("otsu", "rank, with N_d at Otsu's threshold", List.of(), "Otsu 1979"),
          Entry.of("knee", "rank, with N_d at the knee of the sorted z-scores"),
          new Entry("k-means", "two clusters of all statistics", List.of(), "Tribuo 4.3.2"),
          new Entry("hdbscan", "density clusters of all statistics", List.of(), "Tribuo 4.3.2"));
    }
  },
  /** Experiment files. */
  EXPERIMENTS("experiments of this project (sweep)", "sweep", "experiments/NAME.yaml", "--quick") {
    @Override
    List<Entry> entries() throws IOException {
      Path folder = Path.of("experiments");
      if (!Files.isDirectory(folder)) {
        return List.of();
      }
      List<Entry> entries = new ArrayList<>();
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList()) {
          String name = file.getFileName().toString().replace(".yaml", "");
          entries.add(
              new Entry(name, ExperimentSpec.read(file).title(), List.of(), file.toString()));
        }
      }
      return entries;
    }
  },
  /** Studies. */
  STUDIES("questions answered once (study)") {
    @Override
    List<Entry> entries() {
      return Study.ALL.stream()
          .map(
              s ->
                  new Entry(
                      s.name(),
                      s.question(),
                      List.of(new Setting("INPUT", null, s.inputs())),
                      null))
          .toList();
    }
  },
  /** Models. */
  MODELS("image models (--model)", "models") {
    @Override
    List<Entry> entries() {
      return ModelCatalog.models().stream()
          .map(
              c ->
                  Entry.of(
                      c.name(),
                      String.format(
                          Locale.ROOT,
                          "%d layers, width %d, %d heads; %s",
                          c.geometry().layers(),
                          c.geometry().width(),
                          c.geometry().heads(),
                          ModelCatalog.shipped().contains(c)
                              ? "comes with the project"
                              : "needs --weights DIR")))
          .toList();
    }
  };

  /**
   * Name that can be chosen.
   *
   * @param summary one sentence
   * @param source paper, code or file it follows; null for this project
   */
  record Entry(String name, String summary, List<Setting> settings, String source) {
    static Entry of(String name, String summary) {
      return new Entry(name, summary, List.of(), null);
    }
  }

  /**
   * Setting of a name.
   *
   * @param defaultValue value where it is not set, or null
   */
  record Setting(String name, @JsonProperty("default") String defaultValue, String meaning) {}

  private final String summary;
  private final List<String> next;

  /**
   * @param next words of a command that uses one of the names, {@code NAME}; none for no such
   *     command
   */
  Names(String summary, String... next) {
    this.summary = summary;
    this.next = List.of(next);
  }

  /** Returns all names of this kind. */
  abstract List<Entry> entries() throws IOException;

  /** Returns the words of a command that uses a name; none where there is no plain one. */
  List<String> next(String name) {
    return name == null ? List.of() : next.stream().map(w -> w.replace("NAME", name)).toList();
  }

  /** Returns what the names mean. */
  String summary() {
    return summary;
  }

  private static Entry metric(Metric m) {
    String unit = m.unit().isEmpty() ? "" : " in " + m.unit();
    String better = m.higherIsBetter() ? "higher" : "lower";
    return Entry.of(m.key(), m.label() + unit + ", " + better + " is closer");
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
