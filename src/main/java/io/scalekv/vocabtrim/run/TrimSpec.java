package io.scalekv.vocabtrim.run;

import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * Specification of an experiment, read from YAML by the schema {@value #SCHEMA}. Its runs are the
 * product of domains, temperatures and calibrations; all γ and sizes come from the same pass.
 *
 * @param pair {@code toy} or a folder with target and draft model
 * @param text folder of text files; null for the synthetic language
 * @param domains of the prompts; null with a folder of text
 * @param temperatures of both models; 0 is greedy
 * @param sizes numbers of retained tokens; null for two per doubling
 * @param loop measurements of the real loop; null for none
 */
public record TrimSpec(
    String name,
    String title,
    String pair,
    String text,
    List<String> domains,
    int prompts,
    int promptTokens,
    int newTokens,
    List<Double> temperatures,
    List<Integer> gammas,
    List<Integer> sizes,
    List<Calibration> calibrations,
    Loop loop,
    Long seed) {
  /** File name of the schema. */
  public static final String SCHEMA = "vocabtrim.schema.json";

  private static final String FOLDER = "text";

  private static final double STEP = Math.pow(2, 0.5);
  private static final int LEAST_SIZE = 64;

  /**
   * Source of the counts.
   *
   * @param source {@code raw}, {@code draft} or {@code target}; {@code order} for the tokenizer's
   *     own order without protected tokens
   * @param texts numbers of texts, one run each
   * @param domain of the texts; null for that of the prompts
   */
  public record Calibration(String source, List<Integer> texts, String domain) {}

  /**
   * Measurements of the real loop.
   *
   * @param prompts first prompts of the domain
   * @param repetitions of the timing, sizes interleaved, after one warm-up
   */
  public record Loop(List<Integer> sizes, int prompts, int repetitions) {}

  /**
   * Run: a complete measurement. Equal runs give equal results, except for times.
   *
   * @param pair hash of the weights and the tokenizer
   * @param text description of the source of text
   * @param temperature of both models; 0 is greedy
   */
  public record Run(
      String pair,
      String text,
      String domain,
      double temperature,
      String source,
      String calibrationDomain,
      int calibrationTexts,
      Settings settings) {
    /** Returns a hash of the content, the name of the result file. */
    String id() {
      return CanonicalJson.id(this);
    }

    /** Returns a label for people. */
    String label() {
      String t = temperature == 0 ? "0 (greedy)" : String.valueOf(temperature);
      return domain + ", T " + t + ", " + counted();
    }

    /** Returns a label of the calibration. */
    String counted() {
      if (source.equals("order")) {
        return "tokenizer order";
      }
      String of = calibrationDomain.equals(domain) ? "" : " of " + calibrationDomain;
      return calibrationTexts == 0 ? "no texts" : calibrationTexts + " " + source + " texts" + of;
    }
  }

  /**
   * Settings that all runs of an experiment share.
   *
   * @param sizes numbers of retained tokens, ascending, V last
   * @param loop measurements of the real loop; null for none
   */
  public record Settings(
      int prompts,
      int promptTokens,
      int newTokens,
      List<Integer> gammas,
      List<Integer> sizes,
      Loop loop,
      long seed) {}

  /** Fills in defaults. */
  public TrimSpec {
    domains = domains == null ? List.of(FOLDER) : List.copyOf(domains);
    temperatures = temperatures == null ? List.of(1.0) : List.copyOf(temperatures);
    gammas = gammas == null ? List.of(3) : List.copyOf(gammas);
    sizes = sizes == null ? List.of() : List.copyOf(sizes);
    seed = seed == null ? Long.valueOf(1) : seed;
  }

  /** Reads a file. */
  public static TrimSpec read(Path file) throws IOException {
    JsonNode tree = Json.parseYaml(Json.text(file), file.toString());
    JsonSchema.of(TrimSpec.class, SCHEMA).check(tree, file.toString());
    return Json.bindOptional(tree, TrimSpec.class, file.toString());
  }

  /** Returns the runs, in the order of the file. */
  List<Run> runs(String pairHash, int vocabulary, String textHash) {
    Settings shared =
        new Settings(prompts, promptTokens, newTokens, gammas, grid(vocabulary), loop, seed);
    List<Run> runs = new ArrayList<>();
    for (double t : temperatures) {
      for (String domain : domains) {
        for (Calibration c : calibrations) {
          String from = c.domain() == null ? domain : c.domain();
          for (int n : c.texts()) {
            runs.add(new Run(pairHash, textHash, domain, t, c.source(), from, n, shared));
          }
        }
      }
    }
    return runs;
  }

  /** Returns the sizes, the whole vocabulary last. */
  private List<Integer> grid(int vocabulary) {
    List<Integer> grid = new ArrayList<>();
    if (sizes.isEmpty()) {
      for (double k = LEAST_SIZE; Math.round(k) < vocabulary; k *= STEP) {
        grid.add((int) Math.round(k));
      }
    } else {
      sizes.stream().filter(k -> k < vocabulary).sorted().distinct().forEach(grid::add);
    }
    grid.add(vocabulary);
    return grid;
  }
}
