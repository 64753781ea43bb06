package io.scalekv.cli;

import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Require;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.text.TokenCounter;
import io.scalekv.vocabtrim.trim.Coverage;
import io.scalekv.vocabtrim.trim.Protection;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Token counts of chat logs and the share of text that each number of tokens covers. */
@Command(
    name = "coverage",
    description =
        "Counts the tokens of chat logs in one pass and prints the share of text that each number"
            + " of retained tokens covers. Count the target's own answers: they are what it will"
            + " write. Interrupted, the same command resumes.",
    footer = {
      "  ./scalekv vocabtrim coverage --chat log.jsonl --tokenizer target --sizes 4k,8k,16k,32k",
      "  ./scalekv vocabtrim coverage --counts token_freq.pt --tokenizer target --text es.jsonl"
    })
final class VocabTrimCoverageCommand implements Callable<Integer> {
  @Mixin private TokenizerOptions tokenizer;
  @Mixin private TokenizerOptions.Protect protect;
  @Mixin private ThreadOptions threads;
  @Mixin private Output output;

  @Option(
      names = "--chat",
      paramLabel = "FILE",
      description = "Chat log to count, JSON lines or plain text; repeatable.")
  private List<Path> chat = List.of();

  @Option(
      names = "--counts",
      paramLabel = "FILE",
      description = "Counts to use instead: CSV, token_freq.pt or .npy.")
  private Path counts;

  @Option(
      names = "--domain",
      paramLabel = "NAME",
      description = "Domain of the texts, kept with the counts (default: unnamed).")
  private String domain = "unnamed";

  @Option(
      names = "--sizes",
      paramLabel = "K",
      split = ",",
      converter = TokenizerOptions.Size.class,
      defaultValue = "4k,8k,16k,32k,64k",
      description = "Numbers of retained tokens; k is 1024 (default: ${DEFAULT-VALUE}).")
  private List<Integer> sizes = List.of();

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/vocabtrim/counts",
      description = "Folder of counts.csv and counts.json (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    output.resumable();
    Require.that(chat.isEmpty() != (counts == null), "give either --chat or --counts");
    try (TextTokenizer opened = tokenizer.open()) {
      TokenCounts counted;
      TokenCounter.State state = new TokenCounter.State("", 0, 0, 0, 0, 0, new long[0]);
      Path file = counts;
      if (counts == null) {
        OutputFolder.prepare(out);
        state = count(opened);
        counted = TokenCounts.of(state.counts()).resized(tokenizer.vocabulary(opened));
        file = out.resolve("counts.csv");
        counted.write(file);
      } else {
        counted = TokenCounts.read(counts, tokenizer.vocabulary(opened));
      }
      Protection protection = protect.of(opened);
      Map<String, TokenCounts> heldOut = tokenizer.heldOut(opened, counted.vocabulary());
      Coverage report =
          new Coverage(
              file.toString(),
              domain,
              tokenizer.roles,
              chat.stream().map(Path::toString).toList(),
              opened.tokensHash(),
              state.texts(),
              counted.total(),
              counted.distinct(),
              state.skippedLines(),
              protection.ids().size(),
              Coverage.rows(counted, protection, sizes, heldOut));
      if (counts == null) {
        CanonicalJson.write(out.resolve(Coverage.FILE), report);
      }
      print(report, protection, counted.vocabulary());
      output.json(report);
    }
    return 0;
  }

  private TokenCounter.State count(TextTokenizer opened) throws IOException {
    TokenCounter.Task task = tokenizer.task(chat, threads.count());
    TokenCounter counter = new TokenCounter(opened, task);
    Path file = out.resolve("counting.json");
    long bytes = task.bytes();
    long before = counter.saved(file).bytesBefore(task);
    if (before > 0) {
      output.log("%,d of %,d bytes are counted".formatted(before, bytes));
    }
    int mib = 1 << 20;
    long[] shown = {before / mib};
    try (Progress progress = output.progress("counting MiB", (bytes - before) / mib)) {
      return counter.count(
          file,
          at -> {
            for (; shown[0] < at / mib; shown[0]++) {
              progress.step("");
            }
          });
    }
  }

  private void print(Coverage r, Protection protection, int vocabulary) {
    output.line(
        "%s: %,d tokens, %,d distinct of %,d; domain %s",
        r.counts(), r.tokens(), r.distinct(), vocabulary, r.domain());
    if (r.skippedLines() > 0) {
      output.problem(r.skippedLines() + " lines are not JSON objects and were skipped");
    }
    output.line("protected: %s", protection.line());
    output.table(r.table());
    List<Object> next = new ArrayList<>(List.of("vocabtrim", "trim", "--counts", r.counts()));
    next.addAll(List.of("--tokenizer", "TARGET", "--top-k", "16k", "--form", "d2t-offset"));
    next.addAll(List.of("--out", "out/vocabtrim/mapping.safetensors"));
    output.next(next.toArray());
  }
}
