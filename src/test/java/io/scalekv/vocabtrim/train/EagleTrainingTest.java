package io.scalekv.vocabtrim.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.BatchDecoder;
import io.scalekv.vocabtrim.lm.Eagle;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.lm.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training of an EAGLE draft model on a tiny target's texts, killed and resumed. */
final class EagleTrainingTest {
  private static final int VOCABULARY = 48;

  @TempDir Path folder;

  /** Stands for a process that is killed. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static EagleTraining.Options options(Path folder, Duration checkpoints) {
    return new EagleTraining.Options(folder, checkpoints, 60, 4, 40, 0.01, 0.5, 3, false);
  }

  @Test
  void learnsTheTargetsTextsAndResumesToTheSameBits() throws IOException {
    Path whole = Files.createDirectory(folder.resolve("whole"));
    Path killed = Files.createDirectory(folder.resolve("killed"));
    Random random = new Random(1);
    Map<String, List<List<int[]>>> batches = new LinkedHashMap<>();
    for (String domain : List.of("code", "mathematics")) {
      batches.put(
          domain,
          List.of(
              IntStream.range(3, 9)
                  .mapToObj(n -> TinyLlama.tokens(random, n, VOCABULARY))
                  .toList()));
    }
    try (Llama target = TinyLlama.random(TinyLlama.config(VOCABULARY), 4)) {
      for (Path to : List.of(whole, killed)) {
        Path texts = to.resolve(EagleTraining.TEXTS);
        TargetTexts.generate(target, batches, texts, 12, 1000, line -> {});
        assertEquals(2, TargetTexts.files(texts, null).size());
      }
      Path texts = whole.resolve(EagleTraining.TEXTS);
      List<BatchDecoder.Text> read = TargetTexts.read(texts.resolve("code-0000.safetensors"));
      List<int[]> prompts = batches.get("code").get(0);
      for (int t = 0; t < prompts.size(); t++) {
        assertArrayEquals(prompts.get(t), read.get(t).prompt());
        assertEquals(12, read.get(t).tokens().length);
      }
      List<Double> losses = new ArrayList<>();
      Path model =
          EagleTraining.run(
              options(whole, Duration.ofMinutes(1)),
              target,
              line -> losses.add(Double.parseDouble(line.replaceAll(".* loss (\\S+) .*", "$1"))));
      assertTrue(losses.get(5) < losses.get(0) - 0.01, losses.toString());
      assertThrows(
          Killed.class,
          () ->
              EagleTraining.run(
                  options(killed, Duration.ZERO),
                  target,
                  line -> {
                    if (line.contains("step 40/")) {
                      throw new Killed();
                    }
                  }));
      List<String> second = new ArrayList<>();
      Path resumed = EagleTraining.run(options(killed, Duration.ZERO), target, second::add);
      assertTrue(second.get(0).contains("step 40/"), second.get(0));
      // the header holds the time of training
      assertArrayEquals(weights(model, target), weights(resumed, target));
    }
  }

  private static float[] weights(Path model, Llama target) {
    int[] text = TinyLlama.tokens(new Random(2), 20, VOCABULARY);
    float[] all = new float[2 * text.length * VOCABULARY];
    try (Eagle eagle = Eagle.open(model, target)) {
      eagle.chains(
          text,
          0,
          2,
          (place, i, row) ->
              System.arraycopy(row, 0, all, (place * text.length + i) * VOCABULARY, VOCABULARY));
    }
    return all;
  }
}
