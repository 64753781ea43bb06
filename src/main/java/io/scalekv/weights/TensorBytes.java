package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.TensorSource.Bytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.function.Consumer;

/**
 * Conversion of the little-endian bytes of one tensor into values. The engine allocates native
 * arrays, which are filled in place; they borrow no Java memory.
 */
final class TensorBytes {
  private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

  private TensorBytes() {}

  static NDArray load(TensorInfo info, Bytes bytes, NDManager manager) {
    type(info.type().loaded() != null, info, "a type that can be loaded");
    checkLoadable(info, info.type().loaded().getNumOfBytes());
    Device device = manager.getDevice();
    if (!device.isGpu()) {
      return loadOnCpu(info, bytes, manager);
    }
    try (NDManager host = manager.newSubManager(Device.cpu())) {
      NDArray moved = loadOnCpu(info, bytes, host).toDevice(device, false);
      moved.attach(manager);
      return moved;
    }
  }

  private static void checkLoadable(TensorInfo info, int width) {
    long loadedBytes = Math.multiplyExact(info.elements(), width);
    atMost(Integer.MAX_VALUE, info.file(), "bytes in memory of " + info, loadedBytes);
  }

  private static NDArray loadOnCpu(TensorInfo info, Bytes bytes, NDManager manager) {
    NDArray array = manager.create(new Shape(info.shape()), info.type().loaded());
    return filled(array, info, buffer -> fill(info, bytes, buffer));
  }

  private static NDArray filled(NDArray array, TensorInfo info, Consumer<ByteBuffer> filler) {
    if (info.byteLength() == 0) {
      return array;
    }
    try {
      filler.accept(array.toByteBuffer(true));
      return array;
    } catch (RuntimeException | Error e) {
      array.close();
      throw e;
    }
  }

  /** Returns an F32, F16 or BF16 tensor as bfloat16. */
  static NDArray loadBf16(TensorInfo info, Bytes bytes, NDManager manager) {
    type(info.type().isWeight(), info, "F32, F16 or BF16");
    checkLoadable(info, StoredType.BF16.width());
    if (!manager.getDevice().isGpu()) {
      return loadBf16OnCpu(info, bytes, manager);
    }
    NDArray moved = emptyBf16(manager, new Shape(info.shape()));
    try (NDManager host = manager.newSubManager(Device.cpu())) {
      TorchOps.call("assign", loadBf16OnCpu(info, bytes, host), moved).close();
    }
    return moved;
  }

  private static NDArray loadBf16OnCpu(TensorInfo info, Bytes bytes, NDManager manager) {
    return filled(
        emptyBf16(manager, new Shape(info.shape())), info, buffer -> fillBf16(info, bytes, buffer));
  }

  /** Returns an array of bfloat16 numbers with undefined values. */
  static NDArray emptyBf16(NDManager manager, Shape shape) {
    try (NDArray sizes = manager.create(shape.getShape())) {
      return TorchOps.call("empty_bf16", sizes);
    }
  }

  /** Fills the memory of an array, in native order and with the loaded width of the type. */
  private static void fill(TensorInfo info, Bytes bytes, ByteBuffer target) {
    switch (info.type()) {
      case F64, F32, I64, I32 -> {
        if (target.order() == ByteOrder.LITTLE_ENDIAN) {
          bytes.read(target, 0);
        } else {
          throw WeightsFileException.in(
              info.file(), "byte order of this machine", "little-endian", target.order());
        }
      }
      case F16, BF16, F8_E4M3, F8_E5M2 -> {
        FloatBuffer to = target.asFloatBuffer();
        bytes.each(info.byteLength(), (chunk, at) -> to.put(floats(info, chunk)));
      }
      case U32 -> {
        LongBuffer to = target.asLongBuffer();
        eachInteger(info, bytes, (element, value) -> to.put(value));
      }
      case U16, I16, I8, U8, BOOL -> {
        IntBuffer to = target.asIntBuffer();
        eachInteger(info, bytes, (element, value) -> to.put((int) value));
      }
      default -> throw new IllegalStateException("cannot be loaded: " + info);
    }
  }

  /** Fills the memory of an array with bfloat16 patterns. */
  private static void fillBf16(TensorInfo info, Bytes bytes, ByteBuffer target) {
    if (info.type() == StoredType.BF16 && target.order() == ByteOrder.LITTLE_ENDIAN) {
      bytes.read(target, 0);
      return;
    }
    ShortBuffer to = target.asShortBuffer();
    bytes.each(
        info.byteLength(),
        (chunk, at) -> {
          for (float value : floats(info, chunk)) {
            to.put(HalfPrecision.toBf16(value));
          }
        });
  }

  static float[] floats(TensorInfo info, Bytes bytes) {
    boolean single = info.type().isFloating() && info.type() != StoredType.F64;
    type(single, info, "F32, F16, BF16 or of 8 bits");
    FloatBuffer values = FloatBuffer.allocate(arrayLength(info));
    bytes.each(info.byteLength(), (chunk, at) -> values.put(floats(info, chunk)));
    return values.array();
  }

  static double[] doubles(TensorInfo info, Bytes bytes) {
    type(info.type().isFloating(), info, "a floating-point type");
    DoubleBuffer values = DoubleBuffer.allocate(arrayLength(info));
    bytes.each(
        info.byteLength(),
        (chunk, at) -> {
          if (info.type() == StoredType.F64) {
            values.put(chunk.asDoubleBuffer());
          } else {
            for (float value : floats(info, chunk)) {
              values.put(value);
            }
          }
        });
    return values.array();
  }

  static int[] ints(TensorInfo info, Bytes bytes) {
    int[] values = new int[integers(info)];
    eachInteger(
        info,
        bytes,
        (element, value) -> {
          if (value != (int) value) {
            throw element(info, element, "a 32-bit integer", value);
          }
          values[(int) element] = (int) value;
        });
    return values;
  }

  static long[] longs(TensorInfo info, Bytes bytes) {
    long[] values = new long[integers(info)];
    eachInteger(info, bytes, (element, value) -> values[(int) element] = value);
    return values;
  }

  private static int integers(TensorInfo info) {
    type(info.type().isInteger(), info, "an integer type or BOOL");
    return arrayLength(info);
  }

  private static void type(boolean fits, TensorInfo info, String types) {
    require(fits, info.file(), "type of " + info, types, info.kind());
  }

  private static float[] floats(TensorInfo info, ByteBuffer chunk) {
    float[] values = new float[chunk.remaining() / info.type().width()];
    if (info.type() == StoredType.F32) {
      chunk.asFloatBuffer().get(values);
      return values;
    }
    if (info.type().width() == 1) {
      boolean e4m3 = info.type() == StoredType.F8_E4M3;
      for (int i = 0; i < values.length; i++) {
        byte bits = chunk.get(chunk.position() + i);
        values[i] =
            e4m3 ? HalfPrecision.fromE4m3(bits) : Float16Utils.halfToFloat((short) (bits << 8));
      }
      return values;
    }
    boolean brain = info.type() == StoredType.BF16;
    ShortBuffer bits = chunk.asShortBuffer();
    for (int i = 0; i < values.length; i++) {
      short half = bits.get();
      values[i] = brain ? HalfPrecision.fromBf16(half) : Float16Utils.halfToFloat(half);
    }
    return values;
  }

  /** Receiver of the integers of a tensor. */
  @FunctionalInterface
  private interface Integers {
    void accept(long element, long value);
  }

  private static void eachInteger(TensorInfo info, Bytes bytes, Integers to) {
    int width = info.type().width();
    bytes.each(
        info.byteLength(),
        (chunk, position) -> {
          for (int at = 0; at < chunk.limit(); at += width) {
            long element = (position + at) / width;
            to.accept(element, integer(info, chunk, at, element));
          }
        });
  }

  private static long integer(TensorInfo info, ByteBuffer chunk, int at, long element) {
    return switch (info.type()) {
      case I64 -> chunk.getLong(at);
      case I32 -> chunk.getInt(at);
      case U32 -> Integer.toUnsignedLong(chunk.getInt(at));
      case U16 -> chunk.getShort(at) & 0xffff;
      case I16 -> chunk.getShort(at);
      case I8 -> chunk.get(at);
      case U8 -> chunk.get(at) & 0xff;
      case BOOL -> bool(info, chunk.get(at), element);
      default -> throw new IllegalStateException("not an integer type: " + info.type());
    };
  }

  private static int bool(TensorInfo info, byte value, long element) {
    if (value != 0 && value != 1) {
      throw element(info, element, "0 or 1", value & 0xff);
    }
    return value;
  }

  private static WeightsFileException element(
      TensorInfo info, long element, String condition, long got) {
    return WeightsFileException.in(
        info.file(), "element " + element + " of " + info, condition, got);
  }

  private static int arrayLength(TensorInfo info) {
    atMost(LONGEST_ARRAY, info.file(), "elements of a Java array of " + info, info.elements());
    return (int) info.elements();
  }
}
