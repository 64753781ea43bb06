package io.scalekv.vocabtrim.text;

import io.scalekv.io.Require;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Prompts of chats as documents: each ends where the model's answer begins.
 *
 * @param prompts one per domain
 */
public record PromptDocuments(ChatTemplate template, List<ChatPrompts> prompts)
    implements Documents {
  /** Copies the list. */
  public PromptDocuments {
    prompts = List.copyOf(prompts);
  }

  @Override
  public String description() {
    return prompts.stream()
        .map(
            p ->
                "%s: %s, %d prompts, sha256 %s"
                    .formatted(p.domain(), p.file(), p.prompts().size(), p.sha256()))
        .collect(Collectors.joining("; "));
  }

  @Override
  public List<int[]> measured(TextTokenizer tokenizer, String domain, int count, int length) {
    return first(tokenizer, domain, of(domain).heldOut(), count, length);
  }

  @Override
  public List<int[]> calibration(TextTokenizer tokenizer, String domain, int count, int length) {
    return first(tokenizer, domain, of(domain).calibration(), count, length);
  }

  private List<int[]> first(
      TextTokenizer tokenizer, String domain, List<String> texts, int count, int length) {
    List<int[]> all =
        ChatPrompts.tokens(tokenizer, template, texts).stream()
            .filter(t -> t.length < length)
            .limit(count)
            .toList();
    Require.that(
        all.size() == count, "prompts of %s must be %d, got %d", domain, count, all.size());
    return all;
  }

  private ChatPrompts of(String domain) {
    return prompts.stream()
        .filter(p -> p.domain().equals(domain))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "missing prompts: give --prompts " + domain + "=FILE"));
  }
}
