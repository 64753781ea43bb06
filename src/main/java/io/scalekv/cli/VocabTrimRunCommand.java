package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.pair.ShippedPair;
import io.scalekv.vocabtrim.run.TrimExperiment;
import io.scalekv.vocabtrim.run.TrimReport;
import io.scalekv.vocabtrim.run.TrimResult;
import io.scalekv.vocabtrim.run.TrimSpec;
import io.scalekv.vocabtrim.text.ChatPrompts;
import io.scalekv.vocabtrim.text.ChatTemplate;
import io.scalekv.vocabtrim.text.PromptDocuments;
import io.scalekv.vocabtrim.train.EagleTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** VocabTrim experiment: block efficiency, MBSU and coverage against the retained tokens. */
@Command(
    name = "run",
    description =
        "Runs a VocabTrim experiment; interrupted, the same command resumes, and finished runs are"
            + " not repeated.",
    footer = {
      "  ./scalekv vocabtrim run experiments/vocabtrim/mbsu.yaml",
      "  ./scalekv vocabtrim run experiments/vocabtrim/eagle.yaml --target model.gguf"
          + " --draft-model out/eagle --prompts code=code.jsonl"
    })
final class VocabTrimRunCommand implements Callable<Integer> {
  @Mixin private ThreadOptions threads;
  @Mixin private Output output;

  @Parameters(paramLabel = "SPEC.yaml", description = "Experiment file.")
  private Path file;

  @Option(
      names = "--pair",
      paramLabel = "DIR",
      description = "Folder of a trained pair (default: the experiment's).")
  private Path pairFolder;

  @HelpGroup(HelpGroup.Heading.MODEL)
  @Option(
      names = "--target",
      paramLabel = "PATH",
      description = "GGUF file or folder of a Llama model, with --draft-model and --prompts.")
  private Path target;

  @HelpGroup(HelpGroup.Heading.MODEL)
  @Option(
      names = "--draft-model",
      paramLabel = "DIR",
      description = "EAGLE draft model as train vocabtrim --target writes it.")
  private Path draftModel;

  @Option(
      names = "--prompts",
      paramLabel = "DOMAIN=FILE",
      description = "Prompts of a domain, the files of the training; repeatable.")
  private Map<String, Path> prompts = new LinkedHashMap<>();

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the results (default: out/vocabtrim/NAME).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    output.resumable();
    TrimSpec experiment = TrimSpec.read(file);
    Path folder =
        OutputFolder.prepare(out == null ? Path.of("out", "vocabtrim", experiment.name()) : out);
    List<TrimResult> results;
    try (ModelPair pair = pair(experiment)) {
      results = experiment(pair, experiment).run(folder);
    }
    List<String> lines = TrimReport.write(folder, experiment, results);
    output.json(
        Map.of(
            "name", experiment.name(), "folder", folder, "runs", results.size(), "lines", lines));
    lines.forEach(line -> output.line("%s", line));
    output.line("%d runs in %s", results.size(), folder);
    return 0;
  }

  private TrimExperiment experiment(ModelPair pair, TrimSpec spec) throws IOException {
    if (target == null) {
      return new TrimExperiment(pair, spec, threads.count(), output::log);
    }
    List<ChatPrompts> domains = new ArrayList<>();
    for (Map.Entry<String, Path> e : prompts.entrySet()) {
      domains.add(ChatPrompts.read(e.getKey(), e.getValue()));
    }
    PromptDocuments documents = new PromptDocuments(ChatTemplate.open(target), domains);
    Path texts = draftModel.resolve(EagleTraining.TEXTS);
    return new TrimExperiment(pair, spec, documents, texts, threads.count(), output::log);
  }

  private ModelPair pair(TrimSpec experiment) {
    if (target != null) {
      Require.that(draftModel != null, "missing draft model: give --draft-model DIR");
      return ModelPair.open(target, draftModel);
    }
    if (pairFolder != null) {
      return ModelPair.open(pairFolder);
    }
    boolean shipped = experiment.pair() == null || experiment.pair().equals(ShippedPair.NAME);
    return shipped ? ShippedPair.open() : ModelPair.open(Path.of(experiment.pair()));
  }
}
