package io.scalekv.vocabtrim.run;

import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * An experiment as it is written in YAML; see {@value #SCHEMA} for the meaning of every key. Its
 * cells are the product of domains, temperatures and calibrations; all γ and sizes come from the
 * same pass.
 *
 * @param name of the experiment
 * @param title for figures
 * @param pair {@code toy} or a folder with target and draft model
 * @param text folder of text files; null for the synthetic language
 * @param domains of the prompts; null with a folder of text
 * @param prompts of each domain
 * @param promptTokens tokens of a prompt
 * @param newTokens most tokens of a response
 * @param temperatures of both models; 0 is greedy
 * @param gammas drafted tokens of a block
 * @param sizes numbers of retained tokens; null for two a doubling
 * @param calibrations where counts come from
 * @param loop what the real loop is run for; null for nothing
 * @param seed of all sampling
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
  /** Name of the schema beside this class. */
  public static final String SCHEMA = "vocabtrim.schema.json";

  /** The domain of a folder of text. */
  static final String FOLDER = "text";

  private static final double STEP = Math.pow(2, 0.5);
  private static final int LEAST_SIZE = 64;

  /**
   * Where counts come from.
   *
   * @param source {@code raw}, {@code draft} or {@code target}
   * @param texts how many
   * @param domain of the texts; null for that of the prompts
   */
  public record Calibration(String source, List<Integer> texts, String domain) {
    /** Copies the list. */
    public Calibration {
      texts = List.copyOf(texts);
    }
  }

  /**
   * What the real loop is run for.
   *
   * @param sizes numbers of retained tokens
   * @param prompts first prompts of the domain
   * @param repetitions of the timing, sizes in turn, after one for warming up
   */
  public record Loop(List<Integer> sizes, int prompts, int repetitions) {
    /** Copies the list. */
    public Loop {
      sizes = List.copyOf(sizes);
    }
  }

  /** Fills in what was left out. */
  public TrimSpec {
    domains = domains == null ? List.of(FOLDER) : List.copyOf(domains);
    temperatures = temperatures == null ? List.of(1.0) : List.copyOf(temperatures);
    gammas = gammas == null ? List.of(3) : List.copyOf(gammas);
    sizes = sizes == null ? List.of() : List.copyOf(sizes);
    calibrations = List.copyOf(calibrations);
    seed = seed == null ? Long.valueOf(1) : seed;
  }

  /** Reads a file. */
  public static TrimSpec read(Path file) throws IOException {
    JsonNode tree = Json.parseYaml(Json.text(file), file.toString());
    JsonSchema.of(TrimSpec.class, SCHEMA).check(tree, file.toString());
    return Json.bindOptional(tree, TrimSpec.class, file.toString());
  }

  /** The cells, in the order of the file. */
  List<TrimCell> cells(String pairHash, int vocabulary, String textHash) {
    List<TrimCell> cells = new ArrayList<>();
    for (double temperature : temperatures) {
      for (String domain : domains) {
        for (Calibration c : calibrations) {
          for (int texts : c.texts()) {
            cells.add(
                new TrimCell(
                    pairHash,
                    textHash,
                    domain,
                    prompts,
                    promptTokens,
                    newTokens,
                    temperature,
                    gammas,
                    grid(vocabulary),
                    c.source(),
                    c.domain() == null ? domain : c.domain(),
                    texts,
                    loop,
                    seed));
          }
        }
      }
    }
    return cells;
  }

  /** The sizes, the whole vocabulary last. */
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
