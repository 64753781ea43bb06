package io.scalekv.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Values of keys of a GGUF file: uint32, float32, truth values, texts and lists of them. */
public final class GgufValues {
  private GgufValues() {}

  /** Returns the value of a number, truth value, text or list. */
  public static GgufWriter.Value value(Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int type = encode(value, bytes);
    return new GgufWriter.Value(type, bytes.toByteArray());
  }

  private static int encode(Object value, ByteArrayOutputStream out) {
    if (value instanceof Integer number) {
      out.writeBytes(little(4).putInt(number).array());
      return 4;
    } else if (value instanceof Float number) {
      out.writeBytes(little(4).putFloat(number).array());
      return 6;
    } else if (value instanceof Boolean truth) {
      out.write(truth ? 1 : 0);
      return 7;
    } else if (value instanceof String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      out.writeBytes(little(8).putLong(utf8.length).array());
      out.writeBytes(utf8);
      return 8;
    }
    List<?> list = (List<?>) value;
    ByteArrayOutputStream items = new ByteArrayOutputStream();
    int type = 4;
    for (Object item : list) {
      type = encode(item, items);
    }
    out.writeBytes(little(12).putInt(type).putLong(list.size()).array());
    out.writeBytes(items.toByteArray());
    return 9;
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
