package io.scalekv.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Pickle built instruction by instruction, valid or not. */
public final class RawPickle {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int memo;

  /** Begins with protocol 2, as {@code torch.save} does. */
  public static RawPickle start() {
    return new RawPickle().op(0x80, 2);
  }

  /** Single bytes. */
  public RawPickle op(int... codes) {
    for (int code : codes) {
      bytes.write(code);
    }
    return this;
  }

  /** Remembers the last object under the next number. */
  public RawPickle put() {
    return memo < 256 ? op('q', memo++) : op('r').int32(memo++);
  }

  RawPickle int32(int value) {
    bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  RawPickle int64(long value) {
    bytes.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    return this;
  }

  /** GLOBAL. */
  public RawPickle global(String module, String name) {
    bytes.write('c');
    bytes.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    return put();
  }

  /** BINUNICODE. */
  public RawPickle text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    op('X').int32(utf8.length);
    bytes.writeBytes(utf8);
    return put();
  }

  /** The shortest of BININT1, BININT2, BININT and LONG1. */
  public RawPickle number(long value) {
    if (value >= 0 && value < 256) {
      return op('K', (int) value);
    }
    if (value >= 0 && value < 65536) {
      return op('M', (int) value & 255, (int) value >> 8);
    }
    return value == (int) value ? op('J').int32((int) value) : op(0x8a, 8).int64(value);
  }

  /** A tuple of integers. */
  public RawPickle numbers(long... values) {
    op('(');
    for (long v : values) {
      number(v);
    }
    return op('t').put();
  }

  /** An empty OrderedDict. */
  public RawPickle orderedDict() {
    return global("collections", "OrderedDict").op(')', 'R').put();
  }

  /** The persistent identity of a storage. */
  public RawPickle storage(String torchClass, String key, long elements) {
    op('(').text("storage").global("torch", torchClass).text(key).text("cpu").number(elements);
    return op('t').put().op('Q');
  }

  /** A view of a storage. */
  public RawPickle tensor(
      String torchClass, String key, long elements, long offset, long[] shape, long[] stride) {
    global("torch._utils", "_rebuild_tensor_v2").op('(').storage(torchClass, key, elements);
    number(offset).numbers(shape).numbers(stride).op(0x89).orderedDict();
    return op('t').put().op('R').put();
  }

  /** Everything so far and STOP. */
  public byte[] stop() {
    return op('.').bytes.toByteArray();
  }

  /** Everything so far. */
  byte[] cut() {
    return bytes.toByteArray();
  }
}
