package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Whole reads and writes of a file, which another process may change meanwhile. */
final class Channels {
  private Channels() {}

  /** Fills {@code target} from {@code position}; throws if the file is too short. */
  static void readFully(Path file, FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int read = channel.read(target, at);
      require(read >= 0, file, "bytes of the open file", "more than " + at, channel.size());
      at += read;
    }
  }

  /** Writes all bytes of a buffer. */
  static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Returns the reader of a tensor whose bytes stand in a file as they are, from an offset on. */
  static TensorSource.Bytes bytes(TensorInfo info, FileChannel channel, long offset) {
    return (target, position) -> {
      try {
        readFully(info.file(), channel, target, offset + position);
      } catch (IOException e) {
        throw WeightsFileException.io(info.file(), "cannot read " + info, e);
      }
    };
  }

  /** Closes a channel that was only read; null is allowed. */
  static void closeQuietly(Channel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // Nothing was written, so nothing can be lost.
    }
  }
}
