package io.scalekv.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What kind of file holds weights, told by its first bytes. */
enum WeightsForm {
  SAFETENSORS,
  TORCH_ARCHIVE,
  INDEX;

  private static final int HEAD = 64;

  /** The form of a file; an error that says what it is instead. */
  static WeightsForm of(Path file) {
    if (!Files.isRegularFile(file)) {
      throw WeightsFileException.in(
          file, "weights", "a file", Files.exists(file) ? "something else" : "nothing there");
    }
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(HEAD);
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    }
    if (head.length > 8 && head[8] == '{' && (head[4] | head[5] | head[6] | head[7]) == 0) {
      return SAFETENSORS; // whatever the header length before the brace looks like
    }
    if (ZipDirectory.starts(head)) {
      return TORCH_ARCHIVE;
    }
    if (head.length > 0 && head[0] == '{') {
      return INDEX;
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.startsWith("version https://git-lfs")) {
      throw WeightsFileException.in(
          file, "weights", "the file itself", "a Git LFS pointer to it (git lfs pull fetches it)");
    }
    if (head.length > 1 && (head[0] & 0xff) == 0x80 && head[1] <= 5) {
      throw WeightsFileException.in(
          file,
          "weights",
          "a safetensors file or a zip archive of torch.save",
          "a bare pickle, as PyTorch before 1.6 wrote it; save it again with a newer one");
    }
    if (text.startsWith("<")) {
      throw WeightsFileException.in(file, "weights", "a file of tensors", "a web page");
    }
    return SAFETENSORS;
  }
}
