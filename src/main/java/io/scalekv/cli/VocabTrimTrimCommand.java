package io.scalekv.cli;

import io.scalekv.vocabtrim.trim.FrequencyRanking;
import io.scalekv.vocabtrim.trim.MappingFile;
import io.scalekv.vocabtrim.trim.MappingForm;
import io.scalekv.vocabtrim.trim.SelectionRule;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Choice of the tokens that a draft model retains, by their counts. */
@Command(
    name = "trim",
    description = "Chooses the tokens that a draft model retains and writes a mapping file.",
    footer = {
      "  ./scalekv vocabtrim trim --counts counts.csv --top-k 1024 --form fr-spec --out map.pt",
      "  ./scalekv vocabtrim trim --counts counts.csv --top-p 0.99 --form d2t-offset --out map"
    })
final class VocabTrimTrimCommand implements Callable<Integer> {
  /** JSON document. */
  record Report(String file, String form, int vocabulary, int retained, double coverage) {}

  @Mixin private Output output;

  @Option(
      names = "--counts",
      paramLabel = "FILE",
      required = true,
      description = "CSV with the header id,count and a line for every token.")
  private Path counts;

  @ArgGroup(multiplicity = "1")
  private Rule rule;

  /** Rule of the number of retained tokens. */
  static final class Rule {
    @Option(names = "--top-k", paramLabel = "K", description = "Retain K tokens.")
    private Integer topK;

    @Option(
        names = "--top-p",
        paramLabel = "P",
        description = "Retain the fewest tokens that cover this share of the counted text.")
    private Double topP;

    @Option(
        names = "--min-count",
        paramLabel = "N",
        description = "Retain tokens counted at least N times.")
    private Long minimumCount;
  }

  @Option(
      names = "--protect",
      paramLabel = "ID",
      split = ",",
      description = "Tokens always retained: end of text and other special ones.")
  private List<Integer> special = List.of();

  @Option(
      names = "--form",
      paramLabel = "FORM",
      required = true,
      description = "fr-spec, d2t-offset (EAGLE-3, speculators), d2t-absolute or llama-cpp.")
  private MappingForm form;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(names = "--out", paramLabel = "FILE", required = true, description = "File to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    TokenCounts counted = TokenCounts.read(counts);
    FrequencyRanking ranking = FrequencyRanking.of(counted, special);
    SelectionRule selection =
        rule.topK != null
            ? new SelectionRule.TopK(rule.topK)
            : rule.topP != null
                ? new SelectionRule.TopP(rule.topP)
                : new SelectionRule.MinimumCount(rule.minimumCount);
    MappingFile.Mapping mapping = MappingFile.Mapping.of(ranking, selection.size(ranking, counted));
    MappingFile.write(out, form, mapping);
    int retained = mapping.retained().size();
    double coverage = counted.coverage(mapping.retained());
    output.json(new Report(out.toString(), form.key(), counted.vocabulary(), retained, coverage));
    output.line(
        "%s: %d of %d tokens, %.2f %% of the counted text",
        out, retained, counted.vocabulary(), 100 * coverage);
    output.next(
        "vocabtrim",
        "export",
        "--draft-model",
        "DIR",
        "--mapping",
        out,
        "--form",
        form.key(),
        "--out",
        "out/trimmed");
    return 0;
  }
}
