package io.scalekv.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Zip archive in the form of PyTorch: stored entries, each padded to 64 bytes by an extra field,
 * sizes behind the data and in the directory. Every field can be made wrong.
 */
public final class RawZip {
  /** Entry of the directory. */
  static final class Entry {
    final String name;
    String localName;
    long header;
    long size;
    long compressed;
    int method;
    int flags = 0x0808;

    Entry(String name) {
      this.name = name;
      this.localName = name;
    }
  }

  private final Path file;
  private final FileChannel channel;
  private final List<Entry> entries = new ArrayList<>();
  private long end;

  private RawZip(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** Starts an archive, in place of an existing file. */
  public static RawZip of(Path file) {
    try {
      Files.deleteIfExists(file);
      return new RawZip(
          file, FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Writes an entry. */
  public RawZip add(String name, byte[] data) {
    addEntry(name, data.length, data);
    return this;
  }

  /** Writes an entry of zeros that take no disk space. */
  public RawZip addHollow(String name, long size) {
    addEntry(name, size, new byte[1]);
    return this;
  }

  Entry addEntry(String name, long size, byte[] lastBytes) {
    Entry e = new Entry(name);
    e.header = end;
    e.size = size;
    e.compressed = size;
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    int padding = (int) (64 - (end + 30 + utf8.length + 4) % 64);
    ByteBuffer local = buffer(30 + utf8.length + 4 + padding);
    local.putInt(0x04034b50).putShort((short) 0).putShort((short) e.flags).putShort((short) 0);
    local.putInt(0).putInt(0).putInt(0).putInt(0);
    local.putShort((short) utf8.length).putShort((short) (4 + padding)).put(utf8);
    local.put((byte) 'F').put((byte) 'B').putShort((short) padding);
    write(local.array(), end);
    long data = end + local.capacity();
    write(lastBytes, data + size - lastBytes.length);
    ByteBuffer descriptor = buffer(24);
    descriptor.putInt(0x08074b50).putInt(0).putLong(size).putLong(size);
    write(descriptor.array(), data + size);
    end = data + size + descriptor.capacity();
    entries.add(e);
    return e;
  }

  List<Entry> entries() {
    return entries;
  }

  /** Writes the directory; the archive is complete. */
  public Path close() {
    return close(false);
  }

  Path close(boolean zip64) {
    long start = end;
    for (Entry e : entries) {
      byte[] name = e.name.getBytes(StandardCharsets.UTF_8);
      boolean big = e.size > 0xfffffffeL || e.header > 0xfffffffeL;
      ByteBuffer b = buffer(46 + name.length + (big ? 28 : 0));
      b.putInt(0x02014b50).putShort((short) 0).putShort((short) 0).putShort((short) e.flags);
      b.putShort((short) e.method).putInt(0).putInt(0);
      b.putInt(big ? -1 : (int) e.compressed).putInt(big ? -1 : (int) e.size);
      b.putShort((short) name.length).putShort((short) (big ? 28 : 0)).putShort((short) 0);
      b.putShort((short) 0).putShort((short) 0).putInt(0).putInt(big ? -1 : (int) e.header);
      b.put(name);
      if (big) {
        b.putShort((short) 1).putShort((short) 24);
        b.putLong(e.size).putLong(e.compressed).putLong(e.header);
      }
      write(b.array(), end);
      end += b.capacity();
    }
    long size = end - start;
    boolean large = zip64 || start > 0xfffffffeL;
    if (large) {
      ByteBuffer b = buffer(56 + 20);
      b.putInt(0x06064b50).putLong(44).putShort((short) 0).putShort((short) 0).putInt(0).putInt(0);
      b.putLong(entries.size()).putLong(entries.size()).putLong(size).putLong(start);
      b.putInt(0x07064b50).putInt(0).putLong(end).putInt(1);
      write(b.array(), end);
      end += b.capacity();
    }
    ByteBuffer b = buffer(22);
    b.putInt(0x06054b50).putShort((short) 0).putShort((short) 0);
    b.putShort((short) entries.size()).putShort((short) entries.size());
    b.putInt(large ? -1 : (int) size).putInt(large ? -1 : (int) start).putShort((short) 0);
    write(b.array(), end);
    end += b.capacity();
    try {
      channel.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return file;
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void write(byte[] bytes, long at) {
    try {
      ByteBuffer b = ByteBuffer.wrap(bytes);
      long to = at;
      while (b.hasRemaining()) {
        to += channel.write(b, to);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
