package io.scalekv.vocabtrim.run;

import io.scalekv.vocabtrim.decode.DecodeOptions;
import io.scalekv.vocabtrim.decode.PlainDecoder;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.measure.SampledTrace;
import io.scalekv.vocabtrim.pair.ModelPair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Prompts and responses, made once and kept for all cells that need them. */
public final class Texts {
  /**
   * A prompt and what came after it.
   *
   * @param prompt tokens
   * @param response tokens
   * @param stopped whether it ends with a stop token
   */
  record Text(int[] prompt, int[] response, boolean stopped) {
    int[] whole() {
      int[] all = Arrays.copyOf(prompt, prompt.length + response.length);
      System.arraycopy(response, 0, all, prompt.length, response.length);
      return all;
    }
  }

  private final ModelPair pair;
  private final TextSource source;
  private final Consumer<String> log;
  private final Map<String, List<Text>> known = new HashMap<>();
  private final Map<String, List<double[]>> probabilities = new HashMap<>();

  Texts(ModelPair pair, TextSource source, Consumer<String> log) {
    this.pair = pair;
    this.source = source;
    this.log = log;
  }

  Set<Integer> stop() {
    return Set.copyOf(pair.target().config().eos());
  }

  /** The target's responses to prompts that calibration never sees. */
  List<Text> responses(TrimCell c) {
    String key = c.domain() + "/" + c.temperature();
    return known.computeIfAbsent(
        "held/" + key,
        k -> {
          log.accept("target's responses: " + c.prompts() + " of " + key);
          List<int[]> documents =
              source.held(c.domain(), c.prompts(), c.promptTokens() + c.newTokens());
          return generate(pair.target(), prompts(documents, c), c, 0);
        });
  }

  /** Texts to count, of the cell's source. */
  List<Text> calibration(TrimCell c) {
    String key = c.source() + "/" + c.calibrationDomain() + "/" + c.temperature();
    List<Text> all = known.computeIfAbsent(key, k -> new ArrayList<>());
    int missing = c.calibrationTexts() - all.size();
    if (missing > 0) {
      log.accept("calibration texts: " + missing + " more of " + key);
      List<int[]> documents =
          source
              .calibration(
                  c.calibrationDomain(), c.calibrationTexts(), c.promptTokens() + c.newTokens())
              .subList(all.size(), c.calibrationTexts());
      if (c.source().equals("raw")) {
        for (int[] d : documents) {
          int from = Math.min(c.promptTokens(), d.length);
          int to = Math.min(d.length, from + c.newTokens());
          all.add(
              new Text(Arrays.copyOf(d, from), Arrays.copyOfRange(d, from, to), to == d.length));
        }
      } else {
        Llama model = c.source().equals("draft") ? pair.draft() : pair.target();
        all.addAll(generate(model, prompts(documents, c), c, 1 + all.size()));
      }
    }
    return all.subList(0, c.calibrationTexts());
  }

  /**
   * Probability that the target gives to each token of its responses, at the cell's temperature.
   */
  List<double[]> probabilities(TrimCell c) {
    return probabilities.computeIfAbsent(
        c.domain() + "/" + c.temperature(),
        k -> {
          List<Text> texts = responses(c);
          List<double[]> all = texts.stream().map(t -> new double[t.response().length]).toList();
          pair.target()
              .logits(
                  texts.stream().map(Text::whole).toList(),
                  (s, position, logits) -> {
                    Text text = texts.get(s);
                    int at = position + 1 - text.prompt().length;
                    if (at >= 0 && at < text.response().length) {
                      all.get(s)[at] =
                          SampledTrace.probability(logits, text.response()[at], c.temperature());
                    }
                  });
          return all;
        });
  }

  private static List<int[]> prompts(List<int[]> documents, TrimCell c) {
    return documents.stream()
        .map(d -> Arrays.copyOf(d, Math.min(c.promptTokens(), d.length)))
        .toList();
  }

  private List<Text> generate(Llama model, List<int[]> prompts, TrimCell c, int first) {
    DecodeOptions options = new DecodeOptions(1, c.newTokens(), c.temperature(), stop());
    PlainDecoder decoder = new PlainDecoder(model);
    List<Text> texts = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      SplittableRandom random = new SplittableRandom(1_000_003L * (first + i) + c.seed());
      int[] response = decoder.generate(prompts.get(i), options, random);
      texts.add(
          new Text(
              prompts.get(i), response, options.stop().contains(response[response.length - 1])));
    }
    return texts;
  }
}
