package io.scalekv.vocabtrim.text;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Prompts of one domain from a file of the user's: JSON lines with the messages of a user or a
 * field {@code prompt}, {@code instruction} or {@code question}, or one prompt a line. Every second
 * one, from the first, is for calibration and training, the others are held out.
 *
 * @param prompts at least 4
 */
public record ChatPrompts(String domain, String file, String sha256, List<String> prompts) {
  /** Copies the list. */
  public ChatPrompts {
    prompts = List.copyOf(prompts);
    Require.that(
        prompts.size() >= 4, "%s must hold 4 prompts or more, got %d", file, prompts.size());
  }

  /** Reads a file. */
  public static ChatPrompts read(String domain, Path file) throws IOException {
    List<String> prompts = new ArrayList<>();
    int number = 0;
    for (String line : Json.text(file).split("\n")) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      if (!line.startsWith("{")) {
        prompts.add(line.strip());
        continue;
      }
      ChatLog log = ChatLog.of(line, Set.of("user"));
      boolean found = log != null && !log.texts().isEmpty();
      Require.that(found, "%s: line %d must be a JSON object with a prompt", file, number);
      prompts.add(log.texts().get(0));
    }
    return new ChatPrompts(domain, file.getFileName().toString(), Sha256.of(file), prompts);
  }

  /** Returns the prompts for calibration and training. */
  public List<String> calibration() {
    return half(0);
  }

  /** Returns the prompts that no training sees. */
  public List<String> heldOut() {
    return half(1);
  }

  private List<String> half(int first) {
    return IntStream.range(0, prompts.size())
        .filter(i -> i % 2 == first)
        .mapToObj(prompts::get)
        .toList();
  }

  /** Returns the tokens of some prompts up to the begin of the model's answer. */
  public static List<int[]> tokens(
      TextTokenizer tokenizer, ChatTemplate template, List<String> prompts) {
    return prompts.stream()
        .map(p -> template.prompt(List.of(new ChatTemplate.Message("user", p))))
        .map(tokenizer::encode)
        .toList();
  }

  /** Returns batches of prompts of similar length, shortest first. */
  public static List<List<int[]>> batches(List<int[]> prompts, int rows) {
    List<int[]> sorted = prompts.stream().sorted(Comparator.comparingInt(p -> p.length)).toList();
    return IntStream.range(0, (sorted.size() + rows - 1) / rows)
        .mapToObj(b -> sorted.subList(b * rows, Math.min(sorted.size(), (b + 1) * rows)))
        .toList();
  }
}
