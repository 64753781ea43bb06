package io.scalekv.cli;

import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.scene.PromptFile;
import io.scalekv.scene.Vocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Which prompts, from the command line or a file. */
final class PromptOptions implements CheckedOptions {
  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "A prompt; may be given several times.")
  private List<String> prompts = List.of();

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description = "A file with one prompt a line; blank lines and lines with # are skipped.")
  private Path file;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Use only the first N prompts of the file.")
  private Integer limit;

  @Override
  public void check() {
    if (prompts.isEmpty() == (file == null)) {
      throw new IllegalArgumentException(
          "--prompt TEXT or --prompts FILE: one of the two expected, got "
              + (file == null ? "neither" : "both"));
    }
    if (limit != null) {
      Check.range("--limit", limit, 1, Integer.MAX_VALUE);
    }
  }

  /** Reads the prompts and checks that the model can read every one of them. */
  PromptSet read(ModelConfig model) {
    return checked(
        file == null ? PromptSet.ofTexts("(command line)", prompts) : read(file, limit), model);
  }

  /**
   * Reads a prompt file, or its first prompts, and checks that the model can read them.
   *
   * @param limit most prompts; null for all
   */
  static PromptSet read(Path file, Integer limit, ModelConfig model) {
    return checked(read(file, limit), model);
  }

  private static PromptSet checked(PromptSet set, ModelConfig model) {
    if (model.text().equals(ModelConfig.WORDS)) {
      for (int i = 0; i < set.prompts().size(); i++) {
        try {
          Vocabulary.encode(set.prompts().get(i));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              set.name() + ", prompt " + (i + 1) + ": " + e.getMessage(), e);
        }
      }
    }
    return set;
  }

  private static PromptSet read(Path file, Integer limit) {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          "--prompts: a file expected, got "
              + file
              + (Files.exists(file) ? ", which is not a file" : ", which does not exist"));
    }
    List<String> all = PromptFile.read(file);
    try {
      byte[] bytes = Files.readAllBytes(file);
      List<String> used = limit == null || limit >= all.size() ? all : all.subList(0, limit);
      return PromptSet.of(file.getFileName().toString(), bytes, used);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
