package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.require;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Form of a weights file, by its first bytes. */
enum WeightsForm {
  SAFETENSORS,
  TORCH,
  GGUF,
  INDEX;

  private static final int HEAD = 64;

  /** Opens a file of any form. */
  static TensorSource open(Path file, StateDictChoice choice) {
    WeightsForm form = of(file);
    return form == INDEX ? ShardedWeights.open(file) : openShard(file, form, choice);
  }

  /** Opens a file that is no index. */
  static TensorSource openShard(Path file) {
    return openShard(file, of(file), StateDictChoice.USUAL);
  }

  private static TensorSource openShard(Path file, WeightsForm form, StateDictChoice choice) {
    return switch (form) {
      case SAFETENSORS -> SafetensorsFile.open(file);
      case TORCH -> PthFile.open(file, choice);
      case GGUF -> GgufFile.open(file);
      case INDEX ->
          throw WeightsFileException.in(file, "weights", "a file of tensors", "a JSON text");
    };
  }

  /** Returns the form of a file; throws for other known kinds of files. */
  private static WeightsForm of(Path file) {
    require(Files.isRegularFile(file), file, "weights", "a file", "none");
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(HEAD);
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    }
    if (head.length > 8 && head[8] == '{' && (head[4] | head[5] | head[6] | head[7]) == 0) {
      return SAFETENSORS; // for any header length before the brace
    }
    if (Arrays.equals(head, 0, Math.min(4, head.length), GgufFile.MAGIC, 0, 4)) {
      return GGUF;
    }
    boolean pickle = head.length > 1 && (head[0] & 0xff) == 0x80 && head[1] >= 2 && head[1] <= 5;
    if (ZipDirectory.starts(head) || pickle) {
      return TORCH;
    }
    if (head.length > 0 && head[0] == '{') {
      return INDEX;
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    boolean pointer = text.startsWith("version https://git-lfs");
    require(!pointer, file, "weights", "tensors", "a Git LFS pointer (run git lfs pull)");
    require(!text.startsWith("<"), file, "weights", "a file of tensors", "a web page");
    return SAFETENSORS;
  }
}
