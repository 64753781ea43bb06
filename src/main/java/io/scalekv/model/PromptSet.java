package io.scalekv.model;

import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Prompts and their origin.
 *
 * @param name file name without folders
 * @param sha256 of the file's bytes, hexadecimal
 * @param prompts the texts
 * @param ids of the prompts in their file; null elements where it states none
 */
public record PromptSet(String name, String sha256, List<String> prompts, List<String> ids) {
  /** Copies the lists. */
  public PromptSet {
    prompts = List.copyOf(prompts);
    ids = Collections.unmodifiableList(new ArrayList<>(ids));
    Require.that(
        ids.size() == prompts.size(), "ids must be %d, got %d", prompts.size(), ids.size());
  }

  /** Returns a prompt set with the hash of the given bytes, without ids. */
  public static PromptSet of(String name, byte[] bytes, List<String> prompts) {
    return new PromptSet(
        name, Sha256.of(bytes), prompts, Collections.nCopies(prompts.size(), null));
  }

  /** Returns a prompt set without a file; the hash is that of its lines. */
  public static PromptSet ofTexts(String name, List<String> prompts) {
    return of(name, String.join("\n", prompts).getBytes(StandardCharsets.UTF_8), prompts);
  }

  /** Returns the origin of the prompts for a file: {@code promptFile} and {@code promptSha256}. */
  public SortedMap<String, String> provenance() {
    return new TreeMap<>(Map.of("promptFile", name, "promptSha256", sha256));
  }
}
