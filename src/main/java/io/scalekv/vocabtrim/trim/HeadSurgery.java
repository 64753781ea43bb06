package io.scalekv.vocabtrim.trim;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.GgufFile;
import io.scalekv.weights.GgufWriter;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorInfo;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/**
 * Row surgery on the output head of a draft model. Rows are copied as stored bytes, so heads of any
 * type stay exact: floating point, with or without bias, quantised rows of a GGUF file, and int4 or
 * int8 values packed into words along a row with their scales. All other tensors are copied bit for
 * bit in their own types. A folder gets {@code d2t} as offsets, {@code t2d} and {@code
 * draft_vocab_size}, a GGUF file {@code d2t} as ids. A head tied to the input embedding becomes a
 * head of its own; the embedding stays whole. A trimmed head can be trimmed further.
 */
public final class HeadSurgery {
  private static final String FILE = "model.safetensors";
  private static final List<String> COPIED =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "generation_config.json",
          "chat_template.jinja");
  private static final int WORD_BITS = 32;

  /**
   * Written head.
   *
   * @param vocabulary V
   * @param retained K
   * @param rowsBefore rows of the head that was read
   * @param headBytesBefore stored bytes of that head
   * @param headBytes stored bytes of the trimmed head
   * @param tied whether the head was the input embedding
   */
  public record Report(
      String path,
      int vocabulary,
      int retained,
      long rowsBefore,
      long headBytesBefore,
      long headBytes,
      boolean tied) {}

  private final DraftModel draft;
  private final VocabularySubset retained;
  private final int[] rows;
  private long bytesBefore;
  private long bytes;

  private HeadSurgery(DraftModel draft, Mapping mapping) throws IOException {
    this.draft = draft;
    this.retained = mapping.retained();
    int vocabulary = draft.vocabulary();
    Require.that(
        retained.vocabulary() == vocabulary,
        "mapping for %s must cover %d tokens, got %d",
        draft.path(),
        vocabulary,
        retained.vocabulary());
    int[] before =
        draft.isMapped()
            ? MappingFile.read(draft.path(), null, vocabulary).order()
            : VocabularySubset.all(vocabulary).toArray();
    long there = draft.head().rows();
    Require.that(
        there >= before.length && (there == before.length || !draft.isMapped()),
        "output head of %s must have %d rows, got %d",
        draft.path(),
        before.length,
        there);
    int[] rowOf = new int[vocabulary];
    Arrays.fill(rowOf, -1);
    for (int j = 0; j < before.length; j++) {
      rowOf[before[j]] = j;
    }
    this.rows = Arrays.stream(retained.toArray()).map(id -> rowOf[id]).toArray();
    for (int j = 0; j < rows.length; j++) {
      boolean kept = rows[j] >= 0;
      Require.that(kept, "token must be in the draft model's head, got %d", retained.id(j));
    }
  }

  /**
   * Trims a draft model.
   *
   * @param path folder or GGUF file
   * @param prefix of the head's tensors; null to find it
   * @param headOnly whether to leave all other tensors out
   * @param out folder or GGUF file to write
   */
  public static Report trim(Path path, String prefix, Mapping mapping, boolean headOnly, Path out)
      throws IOException {
    boolean same = Files.exists(out) && Files.isSameFile(path, out);
    Require.that(!same, "%s must not be the draft model itself", out);
    try (DraftModel draft = DraftModel.open(path, prefix)) {
      HeadSurgery surgery = new HeadSurgery(draft, mapping);
      if (draft.isGguf()) {
        Require.that(!headOnly, "a GGUF file must be written whole, got --head-only");
        surgery.gguf(mapping, out);
      } else {
        Files.createDirectories(out);
        surgery.folder(mapping, headOnly, out);
      }
      return new Report(
          out.toString(),
          draft.vocabulary(),
          mapping.retained().size(),
          draft.head().rows(),
          surgery.bytesBefore,
          surgery.bytes,
          draft.head().tied());
    }
  }

  private void folder(Mapping mapping, boolean headOnly, Path out) throws IOException {
    TensorSource source = draft.source();
    DraftModel.Head head = draft.head();
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    for (String name : source.names()) {
      boolean ofHead = !head.tied() && head.names().contains(name);
      if (ofHead) {
        tensors.put(name, trimmed(source.info(name)));
      } else if (!headOnly) {
        tensors.put(name, stored(source.info(name)));
      }
    }
    if (head.tied()) {
      tensors.put("lm_head.weight", trimmed(source.info(head.names().get(0))));
    }
    tensors.putAll(mapping.tensors(true));
    Map<String, String> metadata =
        Map.of("format", "pt", MappingFile.FORM, MappingForm.D2T_OFFSET.key());
    SafetensorsWriter.writeData(out.resolve(FILE), tensors, StoredType.F32, metadata);
    ObjectNode config = draft.config();
    config.put("draft_vocab_size", retained.size());
    config.put("tie_word_embeddings", false);
    AtomicFile.write(
        out.resolve(DraftModel.CONFIG),
        (Json.pretty(config) + "\n").getBytes(StandardCharsets.UTF_8));
    for (String name : COPIED) {
      if (Files.isRegularFile(draft.path().resolve(name))) {
        AtomicFile.write(out.resolve(name), Files.readAllBytes(draft.path().resolve(name)));
      }
    }
  }

  private TensorData stored(TensorInfo info) {
    return new TensorData(info.type(), draft.source().bytes(info.name()), info.shape());
  }

  /** Returns the retained rows of one tensor of the head. */
  private TensorData trimmed(TensorInfo info) {
    bytesBefore += info.byteLength();
    TensorData part = part(info);
    bytes += part.byteLength();
    return part;
  }

  private TensorData part(TensorInfo info) {
    long[] shape = info.shape();
    String suffix = info.name().substring(info.name().lastIndexOf('.') + 1);
    if (suffix.equals("weight_shape")) {
      long[] sizes = draft.source().longs(info.name());
      sizes[0] = retained.size();
      return info.type() == StoredType.I64
          ? TensorData.of(sizes, shape)
          : TensorData.of(Arrays.stream(sizes).mapToInt(size -> (int) size).toArray(), shape);
    }
    if (info.elements() == 1 || suffix.equals("g_idx") || suffix.equals("weight_g_idx")) {
      return stored(info);
    }
    long headRows = draft.head().rows();
    if (shape.length > 0 && shape[0] == headRows) {
      long rowBytes = info.byteLength() / shape[0];
      shape[0] = retained.size();
      TensorSource.Bytes whole = draft.source().bytes(info.name());
      return new TensorData(info.type(), gathered(whole, rowBytes), shape);
    }
    boolean packed = suffix.equals("weight_zero_point") && shape.length == 2;
    long perWord = packed ? (headRows + shape[0] - 1) / shape[0] : 0;
    boolean words = packed && info.type() == StoredType.I32 && (perWord == 8 || perWord == 4);
    Require.that(
        words,
        "%s must have %d rows; heads packed along their columns (GPTQ, AWQ) cannot be cut",
        info,
        headRows);
    return zeroPoints(info, (int) perWord);
  }

  /** Reads the bytes of retained rows. */
  private TensorSource.Bytes gathered(TensorSource.Bytes whole, long rowBytes) {
    return whole.rows(rowBytes, row -> rows[(int) row]);
  }

  /** Packs the zero points of retained rows, which share words down a column. */
  private TensorData zeroPoints(TensorInfo info, int perWord) {
    int bits = WORD_BITS / perWord;
    int mask = (1 << bits) - 1;
    int columns = (int) info.shape()[1];
    int[] words = draft.source().ints(info.name());
    int[] packed = new int[(rows.length + perWord - 1) / perWord * columns];
    for (int j = 0; j < rows.length; j++) {
      for (int c = 0; c < columns; c++) {
        int value = words[rows[j] / perWord * columns + c] >>> bits * (rows[j] % perWord) & mask;
        packed[j / perWord * columns + c] |= value << bits * (j % perWord);
      }
    }
    return TensorData.of(packed, packed.length / columns, columns);
  }

  private void gguf(Mapping mapping, Path out) {
    GgufFile source = (GgufFile) draft.source();
    GgufWriter writer = GgufWriter.copyOf(source);
    DraftModel.Head head = draft.head();
    for (String name : head.names()) {
      GgufFile.Tensor t = source.tensorNamed(name);
      boolean vector = t.sizes().length == 1;
      long rowBytes = vector ? t.type().bytes() : t.rowBytes();
      Require.that(!vector || t.type().block() == 1, "%s must not be quantised", name);
      bytesBefore += rowBytes * head.rows();
      bytes += rowBytes * retained.size();
      long[] sizes = t.sizes().clone();
      sizes[sizes.length - 1] = retained.size();
      String to = head.tied() ? "output.weight" : name;
      writer.put(to, t.type(), gathered(source.stored(name), rowBytes), sizes);
    }
    writer.put(LlamaWeights.D2T, mapping.d2t(false));
    writer.put(MappingFile.FORM, MappingForm.D2T_ABSOLUTE.key());
    writer.write(out);
  }
}
