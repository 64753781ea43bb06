package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.model.TinyCheckpoint;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Folders made to mislead: links in circles, weights that are no numbers, paths that lead out. */
@DisabledOnOs(
    value = OS.WINDOWS,
    disabledReason = "Windows lets only administrators make symbolic links")
final class HostileFoldersTest {
  private static final String CAPTION =
      "a large solid red circle at center on a plain blue background";

  @TempDir Path folder;

  private Path loop;
  private Path model;

  @BeforeEach
  void make() throws IOException {
    loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("back"));
    Files.createSymbolicLink(folder.resolve("back"), Path.of("loop"));
    model = folder.resolve("model");
  }

  private static void refused(int code, String part, Object... words) {
    Said said = Said.of(words);
    assertEquals(code, said.code(), said.err());
    List<String> lines = said.err().lines().filter(l -> !l.startsWith("load")).toList();
    assertEquals(1, lines.size(), said.err());
    assertTrue(lines.get(0).contains(part), said.err());
    assertEquals("", said.out());
  }

  @Test
  void anInputThatIsACircleOfLinksIsNotThere() {
    Path out = folder.resolve("out");
    String name = loop.toString();
    refused(2, name, "generate", "--model", loop, "--prompt", CAPTION, "--out", out);
    refused(2, name, "generate", "--prompts", loop, "--out", out);
    refused(2, name, "calibrate", "--prompts", loop, "--out", out);
    refused(2, name, "profile", "--prompts", loop, "--out", out);
    refused(2, name, "models", "--verify", loop);
    refused(2, name, "sweep", loop, "--out", out);
    refused(2, name, "verify", loop);
    refused(2, name, "report", loop);
    refused(2, name, "export", loop, "--to", "csv", "--out", out);
    refused(2, name, "roles", "show", loop);
    refused(2, name, "train", "vocabtrim", "--text", loop, "--out", out);
    refused(2, name, "vocabtrim", "run", loop, "--out", out);
    refused(2, name, "score", "--reference", loop, "--images", loop, "--out", out);
  }

  @Test
  void anOutputThatIsACircleOfLinksIsRefused() {
    String reason = loop + " is a link that leads to no folder";
    String option = loop + ": a link that leads nowhere";
    refused(2, option, "generate", "--prompt", CAPTION, "--out", loop);
    refused(1, reason, "generate", "--prompt", CAPTION, "--out", loop.resolve("below"));
    refused(2, option, "train", "pocket", "--out", loop);
    assertTrue(Files.isSymbolicLink(loop));
    assertFalse(Files.exists(loop));
  }

  @Test
  void partsOfAModelThatAreCirclesOfLinksAreMissing() throws IOException {
    TinyCheckpoint.write(model, TinyCheckpoint.Form.SHARDED_SAFETENSORS);
    Path shards = model.resolve("infinity_2b_weights");
    Path shard = shards.resolve("model-00002-of-00003.safetensors");
    circle(shard);
    unsound(shard.getFileName().toString());
    circle(shards.resolve("model.safetensors.index.json"));
    unsound(shards.toString());
    try (Stream<Path> files = Files.list(shards)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    circle(shards);
    unsound("infinity_2b_weights");
  }

  /** In place of a file or an empty folder. */
  private static void circle(Path link) throws IOException {
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, link.getFileName());
    assertTrue(Files.exists(link, LinkOption.NOFOLLOW_LINKS));
  }

  /** The check of the model names the part of a damaged or missing file. */
  private void unsound(String part) {
    Said said = Said.of("models", "--verify", model, "-q");
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().lines().count(), said.err());
    assertTrue(said.err().contains(part), said.err());
  }

  /** Folders of text may hold links; what they lead to is passed over, in circles or not. */
  @Test
  void textIsReadPastLinks() throws IOException {
    Path text = Files.createDirectory(folder.resolve("text"));
    Files.createSymbolicLink(text.resolve("up"), folder);
    Files.createSymbolicLink(text.resolve("self"), text.resolve("self"));
    Files.writeString(text.resolve("a.txt"), "a few words\n");
    refused(
        2, text.toString(), "train", "vocabtrim", "--text", text, "--out", folder.resolve("out"));
  }

  /** In each form of checkpoint one number of one weight is NaN. */
  @ParameterizedTest
  @EnumSource(
      value = TinyCheckpoint.Form.class,
      names = {"SLIM", "SAFETENSORS"})
  void weightsThatAreNoNumbersAreRefusedByTheirKey(TinyCheckpoint.Form form) {
    TinyCheckpoint.write(model, form);
    Map<String, TensorData> weights = TinyCheckpoint.transformer();
    String name =
        weights.keySet().stream()
            .filter(n -> weights.get(n).shape().length == 2 && weights.get(n).shape()[1] == 32)
            .findFirst()
            .orElseThrow();
    TensorData sound = weights.get(name);
    float[] values = new float[(int) (sound.byteLength() / Float.BYTES)];
    sound.all().asFloatBuffer().get(values);
    values[33] = Float.NaN;
    weights.put(name, TensorData.of(values, sound.shape()));
    if (form == TinyCheckpoint.Form.SLIM) {
      TinyCheckpoint.torch(model.resolve("infinity_2b_reg.pth"), weights, StoredType.F32);
    } else {
      SafetensorsWriter.writeData(
          model.resolve("transformer.safetensors"),
          new LinkedHashMap<>(weights),
          StoredType.F32,
          Map.of());
    }
    String finite = "tensor \"%s\" F32 %s".formatted(name, Arrays.toString(sound.shape()));
    refused(
        2,
        finite,
        "generate",
        "--model",
        model,
        "--dtype",
        form == TinyCheckpoint.Form.SLIM ? "bf16" : "fp32",
        "--prompt",
        "a fox",
        "--out",
        folder.resolve("out"));
  }

  @Test
  void aShardIndexThatLeadsOutIsRefused() throws IOException {
    TinyCheckpoint.write(model, TinyCheckpoint.Form.SHARDED_SAFETENSORS);
    Path index = model.resolve("infinity_2b_weights").resolve("model.safetensors.index.json");
    String text = Files.readString(index);
    Files.writeString(index, text.replaceFirst("model-00001", "../../model-00001"));
    unsound("../../model-00001");
  }

  @Test
  void aLengthBeyondAllFilesIsRefused() throws IOException {
    TinyCheckpoint.write(model, TinyCheckpoint.Form.SAFETENSORS);
    Path file = model.resolve("transformer.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Long.MIN_VALUE);
    Files.write(file, bytes);
    unsound("9223372036854775808");
  }
}
