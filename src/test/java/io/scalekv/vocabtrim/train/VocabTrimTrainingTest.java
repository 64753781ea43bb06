package io.scalekv.vocabtrim.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.TinyLlama;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.text.Domain;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training on a small folder of text, killed and resumed. */
class VocabTrimTrainingTest {
  @TempDir Path folder;

  /** Stands for a process that is killed. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private VocabTrimTraining.Options options(String name) throws IOException {
    return options(name, 24);
  }

  private VocabTrimTraining.Options options(String name, int length) throws IOException {
    Path text = Files.createDirectories(folder.resolve("text"));
    String all = String.join("\n", new SyntheticLanguage(4).documents(Domain.MATH, 0, 80));
    Files.writeString(text.resolve("a.txt"), all);
    Path out = Files.createDirectories(folder.resolve(name));
    return new VocabTrimTraining.Options(
        out, Duration.ofMinutes(1), Optional.of(text), 320, 40, 20, 4, length, 0.01, 3, false);
  }

  @Test
  void trainsAPairAndResumesAfterItWasKilled() throws IOException {
    List<String> log = new ArrayList<>();
    VocabTrimTraining.Result whole = VocabTrimTraining.run(options("whole"), log::add);
    assertTrue(log.get(0).startsWith("tokenizer of 1 files of text, "), log.get(0));
    assertTrue(log.get(1).startsWith("target step 10/40 loss "), log.get(1));
    assertEquals(320, whole.vocabulary());
    assertTrue(whole.targetLossNats() < Math.log(320) - 1, whole.toString());
    assertTrue(whole.draftLossNats() < Math.log(320) - 0.5, whole.toString());
    try (ModelPair pair = ModelPair.open(folder.resolve("whole"))) {
      assertEquals("whole", pair.name());
      assertEquals(whole.targetParameters(), pair.target().config().parameters());
      assertEquals(List.of(0, 1), List.copyOf(pair.special()));
      assertEquals(320, TinyLlama.logits(pair.target(), 0).length);
    }
    assertTrue(Files.size(folder.resolve("whole/target-curve.csv")) > 100);

    VocabTrimTraining.Options killed = options("killed");
    assertThrows(
        Killed.class,
        () ->
            VocabTrimTraining.run(
                killed,
                line -> {
                  if (line.startsWith("drafter step 10/")) {
                    throw new Killed();
                  }
                }));
    List<String> second = new ArrayList<>();
    VocabTrimTraining.Result resumed = VocabTrimTraining.run(killed, second::add);
    assertTrue(second.get(0).startsWith("drafter step 10/"), "the target is not trained again");
    assertEquals(whole.targetLossNats(), resumed.targetLossNats());
    assertEquals(whole.draftLossNats(), resumed.draftLossNats());
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> VocabTrimTraining.run(options("killed", 25), second::add));
    assertEquals(
        killed.folder()
            + " holds another training (choose another --out): must be length 24, got length 25",
        e.getMessage());
    for (String model : List.of("target", "drafter")) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("whole/" + model + "/config.json")),
          Files.readAllBytes(folder.resolve("killed/" + model + "/config.json")));
    }
  }
}
