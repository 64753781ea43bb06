package io.scalekv.vocabtrim.train;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.lm.LlamaConfig;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.vocabtrim.lm.RopeScaling;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.text.BytePairTrainer;
import io.scalekv.vocabtrim.text.FolderText;
import io.scalekv.vocabtrim.text.SpecialTokens;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import io.scalekv.vocabtrim.text.TextSource;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Training of a small pair: tokenizer, target, draft model. A finished part is skipped, an
 * unfinished one resumes from its checkpoint.
 */
public final class VocabTrimTraining {
  private static final String NOTE = "training.txt";
  private static final int MAX_POSITIONS = 1024;
  private static final int HELD_OUT_ROWS = 64;

  /**
   * Options of a training.
   *
   * @param folder of checkpoints, curves and models
   * @param checkpointEvery time between checkpoints
   * @param text folder of text files, or empty for the synthetic language
   * @param vocabulary most tokens of the tokenizer
   * @param steps updates of the target
   * @param draftSteps updates of the draft model
   * @param rows B of an update
   * @param length L of an update
   * @param learningRate peak
   * @param seed of text, first weights and batches
   * @param bf16 whether products round their factors to bfloat16
   */
  public record Options(
      Path folder,
      Duration checkpointEvery,
      Optional<Path> text,
      int vocabulary,
      int steps,
      int draftSteps,
      int rows,
      int length,
      double learningRate,
      int seed,
      boolean bf16) {}

  /**
   * Result of a training.
   *
   * @param targetLossNats mean cross-entropy of a held-out token under the target
   * @param draftLossNats mean cross-entropy of a held-out token under the draft model
   */
  public record Result(
      Path target,
      Path draft,
      int vocabulary,
      long targetParameters,
      long draftParameters,
      double targetLossNats,
      double draftLossNats) {}

  private VocabTrimTraining() {}

  /** Returns the target: 4 layers of width 160. */
  private static LlamaConfig target(int vocabulary) {
    return config(vocabulary, 160, 432, 4, 4, 2, 40);
  }

  /** Returns the draft model: 1 layer of width 96. */
  private static LlamaConfig draft(int vocabulary) {
    return config(vocabulary, 96, 256, 1, 4, 2, 24);
  }

  private static LlamaConfig config(
      int vocabulary, int width, int ffnWidth, int layers, int heads, int kvHeads, int headWidth) {
    return new LlamaConfig(
        vocabulary,
        width,
        ffnWidth,
        layers,
        heads,
        kvHeads,
        headWidth,
        1e-5,
        10000,
        new RopeScaling.None(),
        MAX_POSITIONS,
        true,
        SpecialTokens.BEGIN,
        List.of(SpecialTokens.END));
  }

  /** Trains until all steps are done. */
  public static Result run(Options o, Consumer<String> log) {
    TextSource text =
        o.text().isPresent() ? FolderText.read(o.text().get()) : new SyntheticLanguage(o.seed());
    sameTraining(o, text);
    Path tokenizerFile = o.folder().resolve(TextTokenizer.FILE);
    if (!Files.exists(tokenizerFile)) {
      log.accept("tokenizer of " + text.description());
      BytePairTrainer trainer = new BytePairTrainer();
      text.tokenizerTexts().forEach(trainer::add);
      write(tokenizerFile, trainer.train(o.vocabulary(), SpecialTokens.TEXTS));
    }
    try (TextTokenizer tokenizer = TextTokenizer.open(tokenizerFile)) {
      Path target = o.folder().resolve(ModelPair.TARGET);
      Path draft = o.folder().resolve(ModelPair.DRAFTER);
      train(o, text, tokenizer, ModelPair.TARGET, target(tokenizer.size()), o.steps(), 0, log);
      train(o, text, tokenizer, ModelPair.DRAFTER, draft(tokenizer.size()), o.draftSteps(), 1, log);
      List<int[]> held = text.heldOut(tokenizer, HELD_OUT_ROWS, o.length());
      try (Llama t = Llama.open(target);
          Llama d = Llama.open(draft)) {
        Result result =
            new Result(
                target,
                draft,
                tokenizer.size(),
                t.config().parameters(),
                d.config().parameters(),
                loss(t, held),
                loss(d, held));
        log.accept(
            String.format(
                Locale.ROOT,
                "held-out loss: target %.3f, draft model %.3f nats a token",
                result.targetLossNats,
                result.draftLossNats));
        return result;
      }
    }
  }

  /** Writes the options into the folder; a folder of other options is refused. */
  private static void sameTraining(Options o, TextSource text) {
    String note =
        """
        text %s
        vocabulary %s
        rows %s
        length %s
        learning rate %s
        products %s
        seed %s
        """
            .formatted(
                text.description(),
                o.vocabulary(),
                o.rows(),
                o.length(),
                o.learningRate(),
                o.bf16() ? "bf16" : "fp32",
                o.seed());
    Path file = o.folder().resolve(NOTE);
    if (!Files.exists(file)) {
      write(file, note);
      return;
    }
    String[] before = TextFile.read(file).split("\n");
    String[] now = note.split("\n");
    for (int i = 0; i < now.length; i++) {
      String then = i < before.length ? before[i] : "nothing";
      String message = "%s holds another training (choose another --out): must be %s, got %s";
      Require.that(then.equals(now[i]), message, o.folder(), then, now[i]);
    }
  }

  private static void train(
      Options o,
      TextSource text,
      TextTokenizer tokenizer,
      String name,
      LlamaConfig config,
      int steps,
      int number,
      Consumer<String> log) {
    Path model = o.folder().resolve(name);
    if (!done(model, steps)) {
      long seed = 2L * o.seed() + number;
      IntFunction<int[][]> rows =
          step -> text.rows(tokenizer, seed, step, o.rows(), o.length() + 1);
      LlamaTrainer.train(o, name, config, steps, rows, log);
    }
    write(model.resolve(TextTokenizer.FILE), TextFile.read(o.folder().resolve(TextTokenizer.FILE)));
  }

  private static boolean done(Path model, int steps) {
    Path weights = model.resolve(LlamaWeights.FILE);
    if (!Files.exists(weights)) {
      return false;
    }
    try (TensorSource file = SafetensorsFile.open(weights)) {
      return String.valueOf(steps).equals(file.metadata().get("steps"));
    }
  }

  /** Returns the mean cross-entropy of the tokens after the first of each row, in nats. */
  private static double loss(Llama model, List<int[]> rows) {
    double[] sum = new double[2];
    model.logits(
        rows,
        (sequence, position, logits) -> {
          int[] row = rows.get(sequence);
          if (position + 1 < row.length) {
            sum[0] -= logProbability(logits, row[position + 1]);
            sum[1]++;
          }
        });
    return sum[0] / sum[1];
  }

  private static double logProbability(float[] logits, int token) {
    double most = Double.NEGATIVE_INFINITY;
    for (float x : logits) {
      most = Math.max(most, x);
    }
    double total = 0;
    for (float x : logits) {
      total += Math.exp(x - most);
    }
    return logits[token] - most - Math.log(total);
  }

  static void write(Path file, String text) {
    try {
      AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }
}
