package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;
import static io.scalekv.weights.WeightsFileException.tensor;

import io.scalekv.io.JsonStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Parsed and checked header of a safetensors file: every tensor is inside the file, its length
 * follows from shape and type, and the tensors fill the data part without holes or overlaps.
 *
 * @param tensors by name, in the order of the header
 * @param metadata the entries of {@code __metadata__}, empty if absent
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";
  private static final int MOST_DIMENSIONS = 32;

  /**
   * Parses and checks.
   *
   * @param file for messages and for {@link TensorInfo#file()}
   * @param text the header's bytes, padding included
   * @param fileLength bytes of the whole file
   */
  static SafetensorsHeader parse(Path file, byte[] text, long fileLength) {
    long dataStart = 8L + text.length;
    require(
        text.length != 0 && text[0] == '{',
        file,
        "header",
        "a JSON object that starts with '{'",
        text.length == 0 ? "no header" : "byte " + (text[0] & 0xff));
    SafetensorsHeader header =
        JsonStream.readObject(
            text,
            WeightsFileException.refusal(file, "header"),
            json -> new Parsing(file, json, dataStart).readAll());
    checkLayout(file, header.tensors.values(), dataStart, fileLength);
    return header;
  }

  private static void checkLayout(
      Path file, Collection<TensorInfo> tensors, long dataStart, long fileLength) {
    List<TensorInfo> byOffset =
        tensors.stream()
            .sorted(
                Comparator.comparingLong(TensorInfo::offset)
                    .thenComparingLong(TensorInfo::byteLength))
            .toList();
    long end = dataStart;
    for (TensorInfo tensor : byOffset) {
      long at = tensor.offset() - dataStart;
      require(at == end - dataStart, file, "data offset of " + tensor, end - dataStart, at);
      end = tensor.offset() + tensor.byteLength();
      require(end <= fileLength, file, "end of " + tensor, "inside the file", "byte " + end);
    }
    require(end == fileLength, file, "bytes of the file", end, fileLength);
  }

  /** Single pass over the JSON of the header. */
  private record Parsing(Path file, JsonParser json, long dataStart) {
    SafetensorsHeader readAll() {
      Map<String, TensorInfo> tensors = new LinkedHashMap<>();
      Map<String, String> metadata = Map.of();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals(METADATA)) {
          metadata = readMetadata();
        } else {
          tensors.put(name, readTensor(name));
        }
      }
      return new SafetensorsHeader(
          Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
    }

    private Map<String, String> readMetadata() {
      if (json.currentToken() == JsonToken.VALUE_NULL) {
        return Map.of();
      }
      token(JsonToken.START_OBJECT, METADATA, "an object");
      Map<String, String> entries = new LinkedHashMap<>();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = json.currentName();
        json.nextToken();
        token(JsonToken.VALUE_STRING, METADATA + " entry " + quote(key), "a string");
        entries.put(key, json.getString());
      }
      return entries;
    }

    private TensorInfo readTensor(String name) {
      String where = tensor(name);
      token(JsonToken.START_OBJECT, where, "an object");
      String kind = null;
      long[] shape = null;
      long[] offsets = null;
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "dtype" -> kind = readKind(where);
          case "shape" -> shape = readLongs(where + " shape", MOST_DIMENSIONS);
          case "data_offsets" -> offsets = readLongs(where + " data_offsets", 2);
          default ->
              throw WeightsFileException.in(
                  file, "field of " + where, "dtype, shape or data_offsets", quote(field));
        }
      }
      if (kind == null || shape == null || offsets == null) {
        String missing = kind == null ? "dtype" : shape == null ? "shape" : "data_offsets";
        throw WeightsFileException.in(file, "missing field " + missing + " of " + where);
      }
      return place(name, where, kind, shape, offsets);
    }

    private TensorInfo place(String name, String where, String kind, long[] shape, long[] offsets) {
      require(
          offsets.length == 2 && offsets[0] <= offsets[1],
          file,
          where + " data_offsets",
          "[begin, end], begin ≤ end",
          Arrays.toString(offsets));
      atMost(Long.MAX_VALUE - dataStart, file, where + " data_offsets", offsets[1]);
      StoredType type = type(kind);
      long length = offsets[1] - offsets[0];
      long expected;
      try {
        expected = type.byteLength(shape);
      } catch (ArithmeticException e) {
        throw WeightsFileException.in(
            file, where + " shape", "below 2^63 bytes", Arrays.toString(shape));
      }
      String what = where + " byte length of " + kind + " " + Arrays.toString(shape);
      boolean fits = length == expected || type == StoredType.OTHER;
      require(fits, file, what, expected, length);
      return new TensorInfo(name, type, kind, shape, length, dataStart + offsets[0], file);
    }

    private String readKind(String where) {
      token(JsonToken.VALUE_STRING, where + " dtype", "a string");
      return oneLine(json.getString());
    }

    private static StoredType type(String kind) {
      for (StoredType type : StoredType.values()) {
        if (type.name().equals(kind)) {
          return type;
        }
      }
      return StoredType.OTHER;
    }

    private long[] readLongs(String where, int most) {
      token(JsonToken.START_ARRAY, where, "an array");
      long[] values = new long[most];
      int count = 0;
      while (json.nextToken() != JsonToken.END_ARRAY) {
        token(JsonToken.VALUE_NUMBER_INT, where, "integers");
        require(count != most, file, where, "at most " + most + " numbers", "more");
        values[count++] = readLong(where);
      }
      return Arrays.copyOf(values, count);
    }

    private long readLong(String where) {
      boolean fits = json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
      if (!fits || json.getLongValue() < 0) {
        throw WeightsFileException.in(
            file, where, "numbers from 0 to 2^63 − 1", JsonStream.describe(json));
      }
      return json.getLongValue();
    }

    private void token(JsonToken expected, String where, String words) {
      if (json.currentToken() != expected) {
        throw WeightsFileException.in(file, where, words, JsonStream.describe(json));
      }
    }
  }
}
