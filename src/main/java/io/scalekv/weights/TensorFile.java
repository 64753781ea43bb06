package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;

import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Set;

/**
 * Open file of tensors, of any format, or an index of several. Values are read from the file
 * straight into the memory of the result.
 *
 * <p>Files are read, not memory-mapped: a mapped file that another process shortens takes the
 * virtual machine down, and an array that borrows a mapping is freed under its views.
 */
final class TensorFile implements TensorSource {
  /** Reader of the table of contents of one format. */
  @FunctionalInterface
  interface Format {
    Contents read(Path file, FileChannel channel) throws IOException;
  }

  /** Maker of the reader of one tensor's bytes. */
  @FunctionalInterface
  interface Opener {
    Bytes open() throws IOException;
  }

  /** Tensor of a file: its description and the maker of its reader. */
  record Tensor(TensorInfo info, Opener opener) {}

  /** Table of contents: tensors by name in the order of the file, and free texts. */
  record Contents(Map<String, Tensor> tensors, Map<String, String> metadata) {}

  private final Path file;
  private final String place;
  private final Channel channel;
  private final Contents contents;

  /**
   * Creates an open file.
   *
   * @param place of all names, for messages
   * @param channel to close with the file
   */
  TensorFile(Path file, String place, Channel channel, Contents contents) {
    this.file = file;
    this.place = place;
    this.channel = channel;
    this.contents = contents;
  }

  /**
   * Opens a file and reads its table of contents.
   *
   * @throws WeightsFileException if it cannot be read or is malformed
   */
  static TensorSource open(Path file, Format format) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      TensorFile opened = new TensorFile(file, "in the file", channel, format.read(file, channel));
      channel = null;
      return opened;
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    } finally {
      Channels.closeQuietly(channel);
    }
  }

  private Tensor named(String name) {
    Tensor tensor = contents.tensors().get(name);
    require(tensor != null, file, "tensor", place, quote(name));
    return tensor;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(contents.tensors().keySet());
  }

  @Override
  public TensorInfo info(String name) {
    return named(name).info();
  }

  @Override
  public Map<String, String> metadata() {
    return contents.metadata();
  }

  @Override
  public Bytes bytes(String name) {
    Tensor tensor = named(name);
    require(channel.isOpen(), file, "file of " + tensor.info(), "open", "a closed one");
    try {
      return tensor.opener().open();
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read " + tensor.info(), e);
    }
  }

  @Override
  public void close() {
    Channels.closeQuietly(channel);
  }
}
