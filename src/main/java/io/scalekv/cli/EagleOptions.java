package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.text.ChatPrompts;
import io.scalekv.vocabtrim.text.ChatTemplate;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.train.EagleTraining;
import io.scalekv.vocabtrim.train.TargetTexts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** Options of an EAGLE draft model for a target that the user has. */
@HelpGroup(HelpGroup.Heading.MODEL)
final class EagleOptions {
  private static final int BATCH = 96;

  @Option(
      names = "--target",
      paramLabel = "PATH",
      description =
          "GGUF file or folder of a Llama model: train an EAGLE draft model for it on its own"
              + " answers, instead of a small pair.")
  Path target;

  @Option(
      names = "--prompts",
      paramLabel = "DOMAIN=FILE",
      description =
          "Prompts of a domain, JSON lines or one a line; repeatable. Every second one is held"
              + " out.")
  private Map<String, Path> prompts = new LinkedHashMap<>();

  @Option(
      names = "--answer-tokens",
      paramLabel = "N",
      defaultValue = "1000000",
      converter = Choice.Positive.class,
      description = "Tokens of the target's answers to train on (default: ${DEFAULT-VALUE}).")
  private Integer answerTokens;

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      defaultValue = "128",
      converter = Choice.Positive.class,
      description = "Most tokens of an answer (default: ${DEFAULT-VALUE}).")
  private Integer newTokens;

  @Option(
      names = "--positions",
      paramLabel = "N",
      defaultValue = "512",
      converter = Choice.Positive.class,
      description =
          "Tokens of a batch whose distribution is learned; states are learned at all of them"
              + " (default: ${DEFAULT-VALUE}).")
  private Integer positions;

  /** Generates the target's answers, then trains; both resume. */
  Result train(
      Path out, TrainingOptions training, int steps, int rows, double rate, Consumer<String> log)
      throws IOException {
    Require.that(!prompts.isEmpty(), "missing prompts: give --prompts DOMAIN=FILE");
    List<ChatPrompts> domains = new ArrayList<>();
    for (Map.Entry<String, Path> e : prompts.entrySet()) {
      domains.add(ChatPrompts.read(e.getKey(), e.getValue()));
    }
    Path texts = out.resolve(EagleTraining.TEXTS);
    if (TargetTexts.tokens(texts) < answerTokens) {
      try (TextTokenizer tokenizer = TextTokenizer.open(target);
          Llama model = Llama.open(target, true)) {
        ChatTemplate template = ChatTemplate.open(target);
        Map<String, List<List<int[]>>> batches =
            TargetTexts.batches(tokenizer, template, domains, BATCH, training.seed());
        TargetTexts.generate(model, batches, texts, newTokens, answerTokens, log);
      }
    }
    try (Llama model = Llama.open(target)) {
      EagleTraining.Options options =
          new EagleTraining.Options(
              out,
              training.checkpointEvery(),
              steps,
              rows,
              positions,
              rate,
              1,
              training.seed(),
              training.bf16());
      return new Result(target, EagleTraining.run(options, model, log), texts);
    }
  }

  /**
   * Result of a training.
   *
   * @param target model
   * @param draft file of the draft model
   * @param texts folder of the target's answers
   */
  record Result(Path target, Path draft, Path texts) {}
}
