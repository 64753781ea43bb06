package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.study.Study;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Studies: questions about calibrations and results, answered from their files. */
@Command(
    name = "study",
    description = "Answer a question about calibrations or results, from their files.",
    footer = {
      "  ./scalekv study classifiers out/calibration/statistics",
      "  ./scalekv study damage calibration out/layers out/layer-scales --out out/damage",
      "  ./scalekv study replay --traces traces --policies h2o,snapkv --budgets 20%%,10%%,4%%"
    })
final class StudyCommand implements Callable<Integer> {
  /** Names of the studies, for completion. */
  static final class Names implements Iterable<String> {
    @Override
    public java.util.Iterator<String> iterator() {
      return Study.ALL.stream().map(Study::name).iterator();
    }
  }

  @Mixin private ReplayOptions replay;
  @Mixin private Output output;

  @Parameters(
      index = "0",
      paramLabel = "NAME",
      completionCandidates = Names.class,
      description = "Study: ${COMPLETION-CANDIDATES}.")
  private String name;

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "INPUT",
      description = "Files and folders; without any, what the study reads is printed.")
  private List<Path> inputs = List.of();

  @Option(
      names = "--statistic",
      paramLabel = "NAME",
      defaultValue = "asi",
      description = "Statistic that roles are assigned by (default: ${DEFAULT-VALUE}).")
  private LayerStatistic statistic;

  @Option(
      names = "--classifier",
      paramLabel = "NAME",
      defaultValue = "rank",
      converter = StatisticOptions.Classifier.class,
      description = "Classifier of the study stability (default: ${DEFAULT-VALUE}).")
  private String classifier;

  @Option(
      names = "--budget",
      paramLabel = "B",
      defaultValue = "10%",
      description =
          "Budget that decides which scales read a compressed cache (default: ${DEFAULT-VALUE}).")
  private Budget budget;

  @Option(
      names = "--draws",
      paramLabel = "N",
      defaultValue = "200",
      description = "Resamples of the prompts; 0 for none (default: ${DEFAULT-VALUE}).")
  private int draws;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of the resamples (default: ${DEFAULT-VALUE}).")
  private int seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for tables and figures (default: out/study/NAME).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Study study = Study.of(name);
    List<Path> all = replay.with(inputs);
    Require.that(!all.isEmpty(), "missing INPUT: the study %s reads %s", name, study.inputs());
    Path folder = OutputFolder.prepare(out == null ? Path.of("out", "study", name) : out);
    RunProgress progress = new RunProgress("replay", output);
    Study.Answer answer;
    try {
      answer =
          study.answer(
              new Study.Request(
                  all, statistic, classifier, budget, draws, seed, replay.replay(progress)));
    } finally {
      progress.finished();
    }
    List<Path> files = answer.write(folder);
    output.json(Map.of("study", name), answer.json(), output.work(files));
    answer.tables().forEach(output::table);
    output.files(files);
    return 0;
  }
}
