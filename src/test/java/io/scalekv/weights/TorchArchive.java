package io.scalekv.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Archives in the form of {@code torch.save}, from plain Java arrays. */
public final class TorchArchive {
  private TorchArchive() {}

  /** Name of the storage class in PyTorch. */
  public static String torchClass(StoredType type) {
    return switch (type) {
      case F64 -> "DoubleStorage";
      case F32 -> "FloatStorage";
      case F16 -> "HalfStorage";
      case BF16 -> "BFloat16Storage";
      case I64 -> "LongStorage";
      case I32 -> "IntStorage";
      case I16 -> "ShortStorage";
      case I8 -> "CharStorage";
      case U8 -> "ByteStorage";
      case BOOL -> "BoolStorage";
      default -> throw new IllegalArgumentException("no storage of " + type);
    };
  }

  /** The bytes of values in a type. */
  public static byte[] bytes(StoredType type, double... values) {
    ByteBuffer b = ByteBuffer.allocate(values.length * type.width()).order(ByteOrder.LITTLE_ENDIAN);
    for (double v : values) {
      switch (type) {
        case F64 -> b.putDouble(v);
        case F32 -> b.putFloat((float) v);
        case F16 -> b.putShort(HalfPrecision.toF16((float) v));
        case BF16 -> b.putShort(HalfPrecision.toBf16((float) v));
        case I64 -> b.putLong((long) v);
        case I32 -> b.putInt((int) v);
        case I16 -> b.putShort((short) v);
        case I8, U8, BOOL -> b.put((byte) (int) v);
        default -> throw new IllegalArgumentException("no numbers of " + type);
      }
    }
    return b.array();
  }

  /** Row-major strides. */
  public static long[] strides(long... shape) {
    long[] stride = new long[shape.length];
    long step = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      stride[d] = step;
      step *= shape[d];
    }
    return stride;
  }

  /**
   * Writes a state dict.
   *
   * @param tensors float32 values with their shapes
   * @param type of the storages
   * @param place keys that lead to the state dict; none for the top level
   */
  public static Path write(
      Path file, Map<String, TensorData> tensors, StoredType type, List<String> place) {
    Map<String, byte[]> storages = new LinkedHashMap<>();
    RawPickle p = RawPickle.start();
    for (String key : place) {
      p.op('}').put().op('(').text("epoch").number(7).text("note").text("x").text(key);
    }
    p.orderedDict().op('(');
    tensors.forEach(
        (name, data) -> {
          String key = Integer.toString(storages.size());
          FloatBuffer floats = data.all().asFloatBuffer();
          double[] values = new double[floats.remaining()];
          Arrays.setAll(values, floats::get);
          storages.put(key, bytes(type, values));
          long[] shape = data.shape();
          p.text(name).tensor(torchClass(type), key, values.length, 0, shape, strides(shape));
        });
    p.op('u');
    // the attribute _metadata that PyTorch gives to every state dict
    p.op('}').text("_metadata").orderedDict().op('(').text("").op('}').text("version").number(1);
    p.op('s').op('u').op('s').op('b');
    place.forEach(key -> p.op('u'));
    RawZip zip = RawZip.of(file).add("archive/data.pkl", p.stop());
    zip.add("archive/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
    storages.forEach((key, data) -> zip.add("archive/data/" + key, data));
    return zip.add("archive/version", new byte[] {'3', '\n'}).close();
  }
}
