package io.scalekv.vocabtrim.run;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.decode.DecodeOptions;
import io.scalekv.vocabtrim.decode.PlainDecoder;
import io.scalekv.vocabtrim.lm.BatchDecoder;
import io.scalekv.vocabtrim.lm.BatchDecoder.Text;
import io.scalekv.vocabtrim.lm.Eagle;
import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.measure.GreedyTrace;
import io.scalekv.vocabtrim.measure.SampledTrace;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.run.TrimSpec.Run;
import io.scalekv.vocabtrim.text.ChatPrompts;
import io.scalekv.vocabtrim.text.Documents;
import io.scalekv.vocabtrim.train.TargetTexts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Responses to measure and to calibrate on, generated once and shared by all runs. */
final class Responses {
  private static final int BATCH = 16;

  private final ModelPair pair;
  private final Documents source;
  private final Path texts;
  private final Consumer<String> log;
  private final Map<String, List<Text>> known = new HashMap<>();
  private final Map<String, List<int[][][]>> preferred = new HashMap<>();
  private final Map<String, List<double[]>> probabilities = new HashMap<>();

  /**
   * Begins without responses.
   *
   * @param texts folder of {@link TargetTexts} to calibrate on; null to generate them
   */
  Responses(ModelPair pair, Documents source, Path texts, Consumer<String> log) {
    this.pair = pair;
    this.source = source;
    this.texts = texts;
    this.log = log;
  }

  Set<Integer> stop() {
    return Set.copyOf(pair.target().config().eos());
  }

  /** Returns the target's responses to prompts that calibration never sees. */
  List<Text> measured(Run c) {
    String key = c.domain() + "/" + c.temperature();
    return known.computeIfAbsent(
        "measured/" + key,
        k -> {
          log.accept("target's responses: " + c.settings().prompts() + " of " + key);
          int length = c.settings().promptTokens() + c.settings().newTokens();
          List<int[]> documents =
              source.measured(pair.tokenizer(), c.domain(), c.settings().prompts(), length);
          return pair.draft() instanceof Eagle && c.temperature() == 0
              ? batch(documents, c)
              : generate(pair.target(), documents, c, 0);
        });
  }

  /** Returns the texts to count, of the run's source. */
  List<Text> calibration(Run c) {
    String domain = c.calibrationDomain();
    String key = c.source() + "/" + domain + "/" + c.temperature();
    List<Text> all = known.computeIfAbsent(key, k -> new ArrayList<>());
    int wanted = c.calibrationTexts();
    if (all.isEmpty() && texts != null && c.source().equals("target")) {
      TargetTexts.files(texts, domain).stream()
          .flatMap(f -> TargetTexts.read(f).stream())
          .forEach(all::add);
      String message = "calibration texts of %s must be at most %d, got %d";
      Require.that(wanted <= all.size(), message, domain, all.size(), wanted);
    }
    if (all.size() < wanted) {
      log.accept("calibration texts: " + (wanted - all.size()) + " more of " + key);
      int length = c.settings().promptTokens() + c.settings().newTokens();
      List<int[]> documents =
          source.calibration(pair.tokenizer(), domain, wanted, length).subList(all.size(), wanted);
      switch (c.source()) {
        case "raw" -> documents.forEach(d -> all.add(raw(d, c)));
        case "draft" -> all.addAll(generate(language(pair.draft()), documents, c, 1 + all.size()));
        default -> all.addAll(generate(pair.target(), documents, c, 1 + all.size()));
      }
    }
    return all.subList(0, wanted);
  }

  private static Text raw(int[] document, Run c) {
    int from = Math.min(c.settings().promptTokens(), document.length);
    int to = Math.min(document.length, from + c.settings().newTokens());
    int[] response = Arrays.copyOfRange(document, from, to);
    return new Text(Arrays.copyOf(document, from), response, to == document.length, null);
  }

  /** Returns the target's probability of every response token; 1 for greedy text. */
  List<double[]> probabilities(Run c) {
    return probabilities.computeIfAbsent(
        c.domain() + "/" + c.temperature(),
        k -> {
          List<Text> responses = measured(c);
          List<double[]> all = new ArrayList<>();
          for (Text r : responses) {
            double[] ones = new double[r.tokens().length];
            Arrays.fill(ones, 1);
            all.add(ones);
          }
          if (c.temperature() > 0) {
            teacherForce(
                pair.target(),
                responses,
                (r, t, logits) -> {
                  int token = responses.get(r).tokens()[t];
                  all.get(r)[t] = SampledTrace.probability(logits, token, c.temperature());
                });
          }
          return all;
        });
  }

  /**
   * Passes a model's logits before every response token.
   *
   * @param rows takes each row with the index of its response and that of the token in it
   */
  static void teacherForce(Llama model, List<Text> responses, LanguageModel.Rows rows) {
    model.logits(
        responses.stream().map(Text::whole).toList(),
        (s, position, logits) -> {
          Text r = responses.get(s);
          int token = position + 1 - r.prompt().length;
          if (token >= 0 && token < r.tokens().length) {
            rows.row(s, token, logits);
          }
        });
  }

  private static Llama language(LanguageModel draft) {
    boolean alone = draft instanceof Llama;
    Require.that(
        alone,
        "source of a calibration must be target or raw, as an EAGLE model cannot write alone");
    return (Llama) draft;
  }

  /**
   * Returns the tokens that the draft model prefers to each token of a response: by response, token
   * and place in a block.
   *
   * @param places of a block; only the first of an ordinary draft model
   */
  List<int[][][]> preferred(Run c, int places) {
    return preferred.computeIfAbsent(
        c.domain(),
        k -> {
          log.accept("draft model over the responses of " + k);
          List<int[][][]> all = new ArrayList<>();
          for (Text r : measured(c)) {
            int[] tokens = r.tokens();
            int first = r.prompt().length - 1;
            int[][][] own = new int[tokens.length][places][0];
            ((Eagle) pair.draft())
                .chains(
                    r.whole(),
                    first,
                    places,
                    (place, position, logits) -> {
                      int i = position - first;
                      if (i < tokens.length) {
                        own[i][place] = GreedyTrace.preferred(logits, tokens[i]);
                      }
                    });
            all.add(own);
          }
          return all;
        });
  }

  private List<Text> batch(List<int[]> documents, Run c) {
    Map<int[], Text> responses = new IdentityHashMap<>();
    BatchDecoder decoder = new BatchDecoder(pair.target(), c.settings().newTokens(), stop(), false);
    for (List<int[]> some : ChatPrompts.batches(documents, BATCH)) {
      decoder.generate(some).forEach(t -> responses.put(t.prompt(), t));
      log.accept("target's responses: " + responses.size() + " of " + documents.size());
    }
    return documents.stream().map(responses::get).toList();
  }

  private List<Text> generate(Llama model, List<int[]> documents, Run c, int first) {
    DecodeOptions options = new DecodeOptions(1, c.settings().newTokens(), c.temperature(), stop());
    PlainDecoder decoder = new PlainDecoder(model);
    List<Text> responses = new ArrayList<>();
    for (int i = 0; i < documents.size(); i++) {
      int[] document = documents.get(i);
      int[] prompt =
          Arrays.copyOf(document, Math.min(c.settings().promptTokens(), document.length));
      SplittableRandom random =
          new SplittableRandom(1_000_003L * (first + i) + c.settings().seed());
      int[] tokens = decoder.generate(prompt, options, random);
      boolean stopped = options.stop().contains(tokens[tokens.length - 1]);
      responses.add(new Text(prompt, tokens, stopped, null));
    }
    return responses;
  }
}
