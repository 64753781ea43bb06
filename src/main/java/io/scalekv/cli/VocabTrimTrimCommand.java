package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.trim.Coverage;
import io.scalekv.vocabtrim.trim.FrequencyRanking;
import io.scalekv.vocabtrim.trim.Mapping;
import io.scalekv.vocabtrim.trim.MappingFile;
import io.scalekv.vocabtrim.trim.MappingForm;
import io.scalekv.vocabtrim.trim.Protection;
import io.scalekv.vocabtrim.trim.SelectionRule;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Path;
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
      "  ./scalekv vocabtrim trim --counts counts.csv --tokenizer target --top-k 16k --form"
          + " d2t-offset --out mapping.safetensors",
      "  ./scalekv vocabtrim trim --counts token_freq.pt --tokenizer target --top-p 0.99 --form"
          + " fr-spec --out map.pt"
    })
final class VocabTrimTrimCommand implements Callable<Integer> {
  /** JSON document. */
  record Report(
      String file,
      String form,
      String domain,
      int vocabulary,
      int retained,
      int protectedSpecial,
      int protectedBytes,
      double coverage) {}

  @Mixin private TokenizerOptions tokenizer;
  @Mixin private TokenizerOptions.Protect protect;
  @Mixin private Output output;

  @Option(
      names = "--counts",
      paramLabel = "FILE",
      description = "Counts: CSV with the header id,count, token_freq.pt or .npy.")
  private Path counts;

  @Option(
      names = "--zero-texts",
      description = "Retain the lowest ids without any counts: the control of every count.")
  private boolean zeroTexts;

  @ArgGroup(multiplicity = "1")
  private Rule rule;

  /** Rule of the number of retained tokens. */
  static final class Rule {
    @Option(
        names = "--top-k",
        paramLabel = "K",
        converter = TokenizerOptions.Size.class,
        description = "Retain K tokens; 32k is 32768.")
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

    private SelectionRule selection() {
      return topK != null
          ? new SelectionRule.TopK(topK)
          : topP != null
              ? new SelectionRule.TopP(topP)
              : new SelectionRule.MinimumCount(minimumCount);
    }
  }

  @Option(
      names = "--form",
      paramLabel = "FORM",
      required = true,
      description =
          "d2t-offset (EAGLE-3, speculators, vLLM; ending .safetensors, .pt or .npy), d2t-absolute,"
              + " fr-spec (SGLang), vllm-ids, llama-cpp or llama-cpp-text.")
  private MappingForm form;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(names = "--out", paramLabel = "FILE", required = true, description = "File to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Require.that(zeroTexts == (counts == null), "give either --counts or --zero-texts");
    try (TextTokenizer opened = tokenizer.open((Path) null)) {
      Require.that(opened != null || !zeroTexts, "missing tokenizer: give --tokenizer");
      int size = tokenizer.vocabulary(opened);
      TokenCounts counted = zeroTexts ? TokenCounts.create(size) : TokenCounts.read(counts, size);
      Protection protection = protect.of(opened);
      FrequencyRanking ranking = FrequencyRanking.of(counted, protection.ids());
      int k = rule.selection().size(ranking, counted);
      Mapping mapping = Mapping.of(ranking, k);
      MappingFile.write(out, form, mapping);
      print(counted, protection, mapping);
    }
    return 0;
  }

  private void print(TokenCounts counted, Protection protection, Mapping mapping)
      throws IOException {
    double coverage = zeroTexts ? 0 : counted.coverage(mapping.retained());
    String domain = Coverage.domain(counts);
    int retained = mapping.retained().size();
    output.json(
        new Report(
            out.toString(),
            form.key(),
            domain,
            counted.vocabulary(),
            retained,
            protection.special().size(),
            protection.bytes().size(),
            coverage));
    output.line("protected: %s", protection.line());
    output.line("%s: %,d of %,d tokens", out, retained, counted.vocabulary());
    if (!zeroTexts) {
      output.line(
          "covers %.2f %% of the counted text, domain %s; another domain needs its own list",
          100 * coverage, domain);
    }
    output.next(
        "vocabtrim", "export", "--draft-model", "DRAFT", "--mapping", out, "--out", "out/trimmed");
  }
}
