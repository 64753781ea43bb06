package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.text.Domain;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainVocabTrimCommandTest {
  @TempDir Path folder;

  @Test
  void trainsOnAFolderOfText() throws IOException {
    Path text = Files.createDirectories(folder.resolve("text"));
    String all = String.join("\n", new SyntheticLanguage(4).documents(Domain.CODING, 0, 60));
    Files.writeString(text.resolve("a.txt"), all);
    Path out = folder.resolve("out");
    Object[] command = {
      "train",
      "vocabtrim",
      "--out",
      out,
      "--text",
      text,
      "--vocabulary",
      300,
      "--steps",
      3,
      "--draft-steps",
      2,
      "--rows",
      2,
      "--length",
      16,
      "--json"
    };
    Said said = Said.of(command);
    assertEquals(0, said.code(), said.err());
    assertEquals(300, said.json().path("vocabulary").asInt());
    assertEquals(out.resolve("target").toString(), said.json().path("target").asString());
    assertTrue(said.json().path("targetLossNats").asDouble() < 6);
    assertTrue(said.err().contains("target step 3/3 loss "), said.err());
    assertTrue(said.err().contains("held-out loss: target "), said.err());
    for (String name :
        List.of("target/model.safetensors", "drafter/tokenizer.json", "target-loss.png")) {
      assertTrue(Files.size(out.resolve(name)) > 1000, name);
    }
    Said again = Said.of(command);
    assertEquals(said.out(), again.out(), "nothing is trained twice");
    assertTrue(!again.err().contains("step"), again.err());
  }

  @Test
  void wrongOptionsAreOneLine() {
    Said said = Said.of("train", "vocabtrim", "--out", folder, "--text", folder.resolve("none"));
    assertEquals(2, said.code());
    assertTrue(said.err().contains("none"), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    said = Said.of("train", "vocabtrim", "--out", folder, "--vocabulary", "100");
    assertEquals(2, said.code());
    assertTrue(said.err().contains("--vocabulary"), said.err());
  }
}
