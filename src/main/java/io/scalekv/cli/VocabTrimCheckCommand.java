package io.scalekv.cli;

import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.trim.DraftCheck;
import io.scalekv.vocabtrim.trim.Finding;
import io.scalekv.vocabtrim.trim.MappingForm;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Check of a mapping or a trimmed draft model for failures that programs do not report. */
@Command(
    name = "check",
    description =
        "Checks a mapping file or a trimmed draft model: ids, form, mask, head, sizes, special and"
            + " byte tokens, tokenizer, coverage of held-out text. Exit code 1 if an error is"
            + " found.",
    footer = {
      "  ./scalekv vocabtrim check out/trimmed --target target --text held-out.jsonl",
      "  ./scalekv vocabtrim check draft.gguf --target target.gguf"
    })
final class VocabTrimCheckCommand implements Callable<Integer> {
  @Mixin private TokenizerOptions tokenizer;
  @Mixin private Output output;

  @Parameters(paramLabel = "DRAFT", description = "Mapping file, draft model folder or GGUF file.")
  private Path draft;

  @Option(
      names = "--target",
      paramLabel = "PATH",
      description = "Target: folder with config.json and tokenizer.json, or GGUF file.")
  private Path target;

  @Option(
      names = "--form",
      paramLabel = "FORM",
      description = "Form of the mapping (default: the one that the file suggests).")
  private MappingForm form;

  @Option(names = "--strict", description = "Fail on warnings too.")
  private boolean strict;

  @Override
  public Integer call() throws IOException {
    DraftCheck check;
    try (TextTokenizer opened = tokenizer.open(otherTokenizer())) {
      int size = opened == null ? 0 : opened.size();
      Map<String, TokenCounts> heldOut = tokenizer.heldOut(opened, size);
      check = DraftCheck.of(draft, form, target, opened, heldOut);
    }
    output.json(check);
    String form = check.form() == null ? "whole head" : check.form();
    output.line("%s: %s, %,d of %,d tokens", draft, form, check.retained(), check.vocabulary());
    check
        .findings()
        .forEach(f -> output.line("%s %s: %s", f.severity().key(), f.rule().key(), f.message()));
    boolean failed = check.has(strict ? Finding.Severity.WARNING : Finding.Severity.ERROR);
    if (!check.has(Finding.Severity.WARNING)) {
      output.line("no errors, no warnings");
    }
    return failed ? Failure.WHILE_WORKING : 0;
  }

  /** Returns where the tokenizer is if no option names it: in the target or the draft model. */
  private Path otherTokenizer() throws IOException {
    for (Path path : new Path[] {target, draft}) {
      if (path != null && TextTokenizer.isIn(path)) {
        return path;
      }
    }
    return null;
  }
}
