package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.require;

import io.scalekv.io.JsonStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Safetensors file: 8 bytes header length (little-endian), JSON header, data. Opening checks the
 * whole header.
 *
 * @see <a href="https://github.com/huggingface/safetensors">safetensors format</a>
 */
public final class SafetensorsFile {
  private SafetensorsFile() {}

  /**
   * Opens a file and checks its header.
   *
   * @throws WeightsFileException if it cannot be read or is malformed
   */
  public static TensorSource open(Path file) {
    if (!Files.isRegularFile(file)) {
      String got =
          Files.isDirectory(file) ? "a folder" : Files.exists(file) ? "neither" : "nothing there";
      throw WeightsFileException.in(file, "weights", "a file", got);
    }
    return TensorFile.open(file, SafetensorsFile::contents);
  }

  private static TensorFile.Contents contents(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    require(size >= 8, file, "file size", "at least 8 bytes", size);
    ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    Channels.readFully(file, channel, prefix, 0);
    long length = prefix.getLong(0);
    atMost(Math.min(JsonStream.LARGEST, size - 8), file, "bytes of the header", length);
    ByteBuffer text = ByteBuffer.allocate((int) length);
    Channels.readFully(file, channel, text, 8);
    SafetensorsHeader header = SafetensorsHeader.parse(file, text.array(), size);
    Map<String, TensorFile.Tensor> tensors = new LinkedHashMap<>();
    header
        .tensors()
        .forEach(
            (name, info) ->
                tensors.put(
                    name,
                    new TensorFile.Tensor(
                        info, () -> Channels.bytes(info, channel, info.offset()))));
    return new TensorFile.Contents(tensors, header.metadata());
  }
}
