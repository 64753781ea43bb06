package io.scalekv.cli;

import io.scalekv.vocabtrim.trim.FrequencyRanking;
import io.scalekv.vocabtrim.trim.Mapping;
import io.scalekv.vocabtrim.trim.MappingFile;
import io.scalekv.vocabtrim.trim.MappingForm;
import io.scalekv.vocabtrim.trim.SelectionRule;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Turns token counts into a mapping file. */
@Command(
    name = "trim",
    description = "Choose the tokens that a drafter keeps, from counts, and write a mapping file.")
final class VocabTrimTrimCommand implements Callable<Integer> {
  /** What the command reports. */
  record Report(String file, String form, int vocabulary, int kept, double coverage) {}

  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Option(
      names = "--counts",
      paramLabel = "FILE",
      required = true,
      description = "CSV with the header id,count and a line for every token.")
  private Path counts;

  @ArgGroup(multiplicity = "1")
  private Rule rule;

  /** How many tokens are kept. */
  static final class Rule {
    @Option(names = "--top-k", paramLabel = "K", description = "Keep K tokens.")
    private Integer topK;

    @Option(
        names = "--top-p",
        paramLabel = "P",
        description = "Keep the fewest tokens that cover a share of the counted text.")
    private Double topP;

    @Option(
        names = "--min-count",
        paramLabel = "N",
        description = "Keep tokens seen at least so often.")
    private Long minimumCount;
  }

  @Option(
      names = "--protect",
      paramLabel = "ID",
      split = ",",
      description = "Tokens always kept: end of text and other special ones.")
  private List<Integer> special = List.of();

  @Option(
      names = "--form",
      paramLabel = "FORM",
      required = true,
      description = "fr-spec, d2t-offset (EAGLE-3, speculators), d2t-absolute or llama-cpp.")
  private String form;

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "File to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    MappingForm chosen = MappingForm.of(form);
    TokenCounts counted = TokenCounts.read(counts);
    FrequencyRanking ranking = FrequencyRanking.of(counted, special);
    SelectionRule selection =
        rule.topK != null
            ? new SelectionRule.TopK(rule.topK)
            : rule.topP != null
                ? new SelectionRule.TopP(rule.topP)
                : new SelectionRule.MinimumCount(rule.minimumCount);
    Mapping mapping = Mapping.of(ranking, selection.size(ranking, counted));
    MappingFile.write(out, chosen, mapping);
    json.print(
        spec.commandLine().getOut(),
        new Report(
            out.toString(),
            form,
            counted.vocabulary(),
            mapping.kept().size(),
            counted.coverage(mapping.kept())),
        r ->
            String.format(
                Locale.ROOT,
                "%s: %d of %d tokens, %.2f %% of the counted text",
                r.file(),
                r.kept(),
                r.vocabulary(),
                100 * r.coverage()));
    return 0;
  }
}
