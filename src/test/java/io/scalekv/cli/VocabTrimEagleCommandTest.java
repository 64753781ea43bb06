package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.io.Json;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.pair.ShippedPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** An EAGLE draft model trained and measured for a target with a chat template. */
final class VocabTrimEagleCommandTest {
  private static final String SPEC =
      """
      name: small
      title: Small
      domains: [stories]
      prompts: 2
      promptTokens: 200
      newTokens: 12
      temperatures: [0]
      gammas: [3, 2]
      sizes: [64, 512, 4096]
      calibrations:
        - {source: target, texts: [3]}
        - {source: order, texts: [0]}
        - {source: target, texts: [3], domain: sums}
      loop: {sizes: [64, 4096, 8192], prompts: 1, repetitions: 1}
      """;

  @TempDir Path folder;

  private Path target() throws IOException {
    Path target = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(ShippedPair.folder().resolve(ModelPair.TARGET))) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName().toString()));
      }
    }
    String template = "{% for m in messages %}<|im_start|>{{m}}<|im_end|>{% endfor %}";
    Files.writeString(
        target.resolve("tokenizer_config.json"), "{\"chat_template\": \"" + template + "\"}");
    return target;
  }

  private String[] prompts(Path sums, Path stories) {
    return new String[] {"--prompts", "sums=" + sums, "--prompts", "stories=" + stories};
  }

  @Test
  void trainsMeasuresAndLeavesTheTargetsTextUnchanged() throws IOException {
    Path target = target();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      lines.append("{\"prompt\": \"what is ").append(i).append(" plus 3?\"}\n");
    }
    Path sums = Files.writeString(folder.resolve("sums.jsonl"), lines);
    String plain = "a dog\nthe old house\na river in spring\nsnow\nher hat\nhis boat\n";
    Path stories = Files.writeString(folder.resolve("stories.txt"), plain);
    Path out = folder.resolve("eagle");
    List<Object> train = new ArrayList<>(List.of("train", "vocabtrim", "--target", target));
    train.addAll(List.of(prompts(sums, stories)));
    train.addAll(
        List.of(
            "--answer-tokens",
            80,
            "--new-tokens",
            12,
            "--draft-steps",
            4,
            "--rows",
            3,
            "--out",
            out,
            "--json"));
    Said said = Said.of(train.toArray());
    assertEquals(0, said.code(), said.err());
    assertEquals(out.resolve("model.safetensors").toString(), said.json().path("draft").asString());
    assertTrue(said.err().contains("draft model step 4/4 loss "), said.err());

    Path spec = Files.writeString(folder.resolve("spec.yaml"), SPEC);
    Path results = folder.resolve("results");
    List<Object> run = new ArrayList<>(List.of("vocabtrim", "run", spec, "--target", target));
    run.addAll(List.of(prompts(sums, stories)));
    run.addAll(List.of("--draft-model", out, "--out", results, "--json"));
    said = Said.of(run.toArray());
    assertEquals(0, said.code(), said.err());
    assertEquals(3, said.json().path("runs").asInt());
    int loops = 0;
    try (Stream<Path> files = Files.list(results.resolve("runs"))) {
      for (Path file : files.toList()) {
        JsonNode result = Json.parse(Files.readAllBytes(file), file.toString());
        for (JsonNode l : result.path("loops")) {
          assertEquals(1, l.path("identical").asInt(), "greedy text at k " + l.path("k"));
          assertEquals(l.path("replayed").asDouble(), l.path("tau").asDouble(), 1e-12);
          loops++;
        }
      }
    }
    assertEquals(3 * 4, loops);
    assertTrue(Files.size(results.resolve("best.csv")) > 100);
  }

  @Test
  void missingPartsAreOneLine() throws IOException {
    Path spec = Files.writeString(folder.resolve("spec.yaml"), SPEC);
    Path target = target();
    Said said = Said.of("train", "vocabtrim", "--target", target, "--out", folder.resolve("o"));
    assertEquals(2, said.code());
    assertTrue(said.err().contains("--prompts"), said.err());
    said = Said.of("vocabtrim", "run", spec, "--target", target, "--out", folder.resolve("r"));
    assertEquals(2, said.code());
    assertTrue(said.err().contains("--draft-model"), said.err());
    Path bad = Files.writeString(folder.resolve("bad.jsonl"), "{\"prompt\": \"a\"}\n{\"x\": 1}\n");
    said =
        Said.of("train", "vocabtrim", "--target", target, "--out", folder, "--prompts", "a=" + bad);
    assertEquals(2, said.code());
    assertTrue(said.err().contains("line 2"), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
  }
}
