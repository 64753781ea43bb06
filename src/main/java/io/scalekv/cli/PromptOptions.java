package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.scene.PromptFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Prompt options: texts on the command line, or a file. */
@HelpGroup(HelpGroup.Heading.DRAWING)
final class PromptOptions {
  @Option(names = "--prompt", paramLabel = "TEXT", description = "Prompt; may be repeated.")
  private List<String> prompts = List.of();

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
        prompts.isEmpty() != (file == null), "give either --prompt TEXT or --prompts FILE");
    Require.that(limit == null || file != null, "--limit needs --prompts");
    return checked(
        file == null ? PromptSet.ofTexts("(command line)", prompts) : read(file, limit), model);
  }

  /**
   * Reads the first prompts of a file and checks that the model can read them.
   *
   * @param limit number of prompts; null for all
   */
  static PromptSet read(Path file, Integer limit, ModelConfig model) {
    return checked(read(file, limit), model);
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
