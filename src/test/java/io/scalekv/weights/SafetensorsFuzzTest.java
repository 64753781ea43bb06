package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged files: each is either refused or fully readable, in bounded memory. */
class SafetensorsFuzzTest {
  private static final int FILES_PER_SEED = 1_000;

  private static final String[] ODD_VALUES = {
    "-1",
    "0",
    "1",
    "2",
    "3",
    "7",
    "8",
    "1.5",
    "1e3",
    "-0",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1e400",
    "NaN",
    "true",
    "null",
    "\"3\"",
    "[]",
    "{}",
    "[[1]]",
    "[2,2]",
    "[0,0]",
    "\"\\ud800\"",
    "\"\\u0000\"",
    ""
  };
  private static final String[] TYPES = {
    "F32", "BF16", "F16", "F64", "I8", "U8", "BOOL", "I16", "I32", "I64", "F8_E4M3", "", "f32"
  };

  @TempDir Path folder;

  /** One tensor entry as text, so that any part can be damaged. */
  private static final class Entry {
    String name;
    final List<String> fields = new ArrayList<>();

    Entry(String name, String type, String shape, String begin, String end) {
      this.name = name;
      fields.add("\"dtype\":\"" + type + "\"");
      fields.add("\"shape\":" + shape);
      fields.add("\"data_offsets\":[" + begin + "," + end + "]");
    }

    @Override
    public String toString() {
      return "\"" + name + "\":{" + String.join(",", fields) + "}";
    }
  }

  private static List<Entry> sound(Random random, int[] dataBytes) {
    List<Entry> entries = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < 1 + random.nextInt(5); i++) {
      StoredType type = StoredType.values()[random.nextInt(StoredType.values().length)];
      int rows = random.nextInt(4);
      int end = at + rows * 3 * type.width();
      entries.add(new Entry("t" + i, type.name(), "[" + rows + ",3]", "" + at, "" + end));
      at = end;
    }
    dataBytes[0] = at;
    return entries;
  }

  private static <T> T pick(Random random, T[] values) {
    return values[random.nextInt(values.length)];
  }

  private static void spoil(Random random, List<Entry> entries) {
    Entry entry = entries.get(random.nextInt(entries.size()));
    int field = random.nextInt(entry.fields.size());
    String text = entry.fields.get(field);
    String odd = pick(random, ODD_VALUES);
    switch (random.nextInt(11)) {
      case 0 -> entry.fields.set(field, text.replaceFirst("\\d+(?=[,\\]])", odd.replace("\\", "")));
      case 1 -> entry.fields.set(field, text.substring(0, text.indexOf(':') + 1) + odd);
      case 2 -> entry.fields.remove(field);
      case 3 -> entry.fields.add(text);
      case 4 -> entry.fields.add("\"extra\":" + odd);
      case 5 -> entry.fields.set(field, "\"dtype\":\"" + pick(random, TYPES) + "\"");
      case 6 -> entry.name = pick(random, new String[] {"t0", "t1", "", "__metadata__", "\\n"});
      case 7 -> entries.add(entry);
      case 8 -> entries.remove(entry);
      case 9 -> Collections.shuffle(entries, random);
      default ->
          entry.fields.set(field, text.replaceFirst("\\[", "[".repeat(1 << random.nextInt(12))));
    }
    if (entry.fields.isEmpty()) {
      entry.fields.add("\"x\":0");
    }
    if (entries.isEmpty()) {
      entries.add(entry);
    }
  }

  private static byte[] damaged(Random random) {
    int[] dataBytes = new int[1];
    List<Entry> entries = sound(random, dataBytes);
    for (int i = random.nextInt(3); i > 0; i--) {
      spoil(random, entries);
    }
    List<String> parts = new ArrayList<>(entries.stream().map(Entry::toString).toList());
    if (random.nextInt(4) == 0) {
      parts.add("\"__metadata__\":{\"k\":" + pick(random, new String[] {"\"v\"", "1", "{}"}) + "}");
    }
    String header = "{" + String.join(",", parts) + "}" + " ".repeat(random.nextInt(3));
    byte[] file =
        RawSafetensors.bytes(header.getBytes(StandardCharsets.UTF_8), new byte[dataBytes[0]]);
    return switch (random.nextInt(8)) {
      case 0 -> Arrays.copyOf(file, random.nextInt(file.length + 1));
      case 1 -> Arrays.copyOf(file, file.length + random.nextInt(9));
      case 2 -> flip(random, file, 8);
      case 3 -> flip(random, file, file.length);
      default -> file;
    };
  }

  private static byte[] flip(Random random, byte[] file, int below) {
    file[random.nextInt(below)] ^= (byte) (1 << random.nextInt(8));
    return file;
  }

  private static void readEverything(TensorSource source) {
    for (String name : source.names()) {
      TensorInfo info = source.info(name);
      int length;
      if (info.type() == StoredType.OTHER) {
        continue;
      }
      if (info.type().isFloating()) {
        length = source.doubles(name).length;
      } else {
        try {
          length = source.longs(name).length;
        } catch (WeightsFileException e) {
          boolean copiedOnly = info.type().loaded() == null;
          assertTrue(copiedOnly || e.getMessage().contains("0 or 1"), e::getMessage);
          length = (int) info.elements();
        }
      }
      assertEquals(info.elements(), length);
      assertEquals(info.elements() * info.type().width(), info.byteLength());
    }
  }

  private static boolean readable(Path file) {
    try (TensorSource source = SafetensorsFile.open(file)) {
      readEverything(source);
      return true;
    } catch (WeightsFileException e) {
      assertTrue(e.getMessage().startsWith(file + ": "), e::getMessage);
      assertFalse(e.getMessage().contains("\n"), e::getMessage);
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void damagedFilesAreRefusedOrReadableInBoundedMemory(long seed) {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Random random = new Random(seed);
    int refused = 0;
    for (int i = 0; i < FILES_PER_SEED; i++) {
      byte[] content = damaged(random);
      Path file = RawSafetensors.write(folder, "damaged" + i, content);
      refused += readable(file) ? 0 : 1;
      // again: the first time may load classes
      long before = threads.getCurrentThreadAllocatedBytes();
      readable(file);
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      assertTrue(
          allocated < 400_000 + 100L * content.length,
          () -> "allocated " + allocated + " bytes for a file of " + content.length);
    }
    assertTrue(refused > FILES_PER_SEED / 3, "too few were damaged: " + refused);
    assertTrue(refused < FILES_PER_SEED * 9 / 10, "too few were readable: " + refused);
  }
}
