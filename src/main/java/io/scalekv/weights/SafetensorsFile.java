package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;

import io.scalekv.io.JsonStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;

/**
 * Safetensors file: 8 bytes header length (little-endian), JSON header, data. Opening checks the
 * whole header; values are read from the file straight into the memory of the result.
 *
 * <p>Files are read, not memory-mapped: a mapped file that another process shortens takes the
 * virtual machine down, and an array that borrows a mapping is freed under its views.
 *
 * @see <a href="https://github.com/huggingface/safetensors">safetensors format</a>
 */
public final class SafetensorsFile implements TensorSource {
  private final Path file;
  private final FileChannel channel;
  private final SafetensorsHeader header;

  private SafetensorsFile(Path file, FileChannel channel, SafetensorsHeader header) {
    this.file = file;
    this.channel = channel;
    this.header = header;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws WeightsFileException if it cannot be read or is malformed
   */
  public static SafetensorsFile open(Path file) {
    if (!Files.isRegularFile(file)) {
      String got =
          Files.isDirectory(file) ? "a folder" : Files.exists(file) ? "neither" : "nothing there";
      throw WeightsFileException.in(file, "weights", "a file", got);
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      SafetensorsFile opened = new SafetensorsFile(file, channel, readHeader(file, channel));
      channel = null;
      return opened;
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    } finally {
      ChannelReads.closeQuietly(channel);
    }
  }

  private static SafetensorsHeader readHeader(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    require(size >= 8, file, "file size", "at least 8 bytes", size);
    ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    ChannelReads.readFully(file, channel, prefix, 0);
    long length = prefix.getLong(0);
    atMost(Math.min(JsonStream.LARGEST, size - 8), file, "bytes of the header", length);
    ByteBuffer text = ByteBuffer.allocate((int) length);
    ChannelReads.readFully(file, channel, text, 8);
    return SafetensorsHeader.parse(file, text.array(), size);
  }

  @Override
  public Set<String> names() {
    return header.tensors().keySet();
  }

  @Override
  public TensorInfo info(String name) {
    TensorInfo info = header.tensors().get(name);
    require(info != null, file, "tensor", "in the file", quote(name));
    return info;
  }

  @Override
  public Map<String, String> metadata() {
    return header.metadata();
  }

  @Override
  public void close() {
    ChannelReads.closeQuietly(channel);
  }

  @Override
  public Bytes bytes(String name) {
    TensorInfo info = info(name);
    require(channel.isOpen(), file, "file of " + info, "open", "a closed one");
    return (target, position) -> {
      try {
        ChannelReads.readFully(file, channel, target, info.offset() + position);
      } catch (IOException e) {
        throw WeightsFileException.io(file, "cannot read " + info, e);
      }
    };
  }
}
