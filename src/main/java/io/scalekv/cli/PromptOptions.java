package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.model.DrawingOption;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.scene.PromptFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Prompt options: texts on the command line, or a file. */
@HelpGroup(HelpGroup.Heading.DRAWING)
final class PromptOptions {
  @Option(names = "--prompt", paramLabel = "TEXT", description = "Prompt; may be repeated.")
  private List<String> prompts = List.of();

  @Option(
      names = "--class",
      paramLabel = "N[-M]",
      split = ",",
      description =
          "Classes of a class-conditional model, such as 207,980 or 0-9; may be repeated.")
  private List<String> classes = List.of();

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description =
          "Prompts: a text file with one a line (# is a comment), .jsonl, .json, .csv or .tsv with"
              + " prompt, caption or text, or a folder of .txt files.")
  private Path file;

  @Option(
      names = "--limit",
      paramLabel = "N",
      converter = Choice.Positive.class,
      description = "Use only the first N prompts of the file.")
  private Integer limit;

  /** Reads the prompts and checks that the model can read each of them. */
  PromptSet read(ModelConfig model) {
    Require.that(
        Stream.of(!prompts.isEmpty(), !classes.isEmpty(), file != null).filter(b -> b).count() == 1,
        "give either %s or --prompts FILE",
        model.classes() > 0 ? "--class N" : "--prompt TEXT");
    DrawingOptions.check(DrawingOption.PROMPT, prompts.isEmpty() ? null : prompts, model);
    DrawingOptions.check(DrawingOption.CLASS, classes.isEmpty() ? null : classes, model);
    List<String> typed =
        classes.isEmpty() ? prompts : classes.stream().flatMap(c -> numbers(c, model)).toList();
    Require.that(limit == null || file != null, "--limit needs --prompts");
    return checked(
        file == null ? PromptSet.ofTexts("(command line)", typed) : read(file, limit), model);
  }

  /** Returns the numbers of N or N-M. */
  private static Stream<String> numbers(String text, ModelConfig model) {
    Matcher m = Pattern.compile("\\s*(\\d{1,9})(?:-(\\d{1,9}))?\\s*").matcher(text);
    Require.that(m.matches(), "--class must be N or N-M, got %s", text);
    int from = Integer.parseInt(m.group(1));
    int to = m.group(2) == null ? from : Integer.parseInt(m.group(2));
    Require.that(from <= to, "--class must be N-M with N <= M, got %s", text);
    model.checkPrompt(Integer.toString(to));
    return IntStream.rangeClosed(from, to).mapToObj(Integer::toString);
  }

  private static PromptSet checked(PromptSet set, ModelConfig model) {
    for (int i = 0; i < set.prompts().size(); i++) {
      try {
        model.checkPrompt(set.prompts().get(i));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            set.name() + ", prompt " + (i + 1) + ": " + e.getMessage(), e);
      }
    }
    return set;
  }

  private static PromptSet read(Path file, Integer limit) {
    List<PromptFile.Entry> all = PromptFile.entries(file);
    List<PromptFile.Entry> used =
        limit == null || limit >= all.size() ? all : all.subList(0, limit);
    List<String> texts = used.stream().map(PromptFile.Entry::text).toList();
    try {
      String hash =
          Files.isDirectory(file)
              ? PromptSet.ofTexts("", all.stream().map(PromptFile.Entry::text).toList()).sha256()
              : Sha256.of(file);
      List<String> ids = used.stream().map(PromptFile.Entry::id).toList();
      return new PromptSet(String.valueOf(file.getFileName()), hash, texts, ids);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
