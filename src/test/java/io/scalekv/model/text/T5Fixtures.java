package io.scalekv.model.text;

import ai.djl.ndarray.types.Shape;
import io.scalekv.weights.TensorData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A tiny text encoder's folder: one vocabulary of pieces in both tokenizer formats. */
public final class T5Fixtures {
  /** Pieces of the unigram model; the number is the place. */
  static final List<String> PIECES =
      List.of(
          "<pad>", "</s>", "<unk>", "▁", "▁a", "▁red", "▁fox", "▁in", "▁the", "▁snow", "e", "d",
          "f", "o", "x", "s", "n", "w", "r", "a");

  /** Words count for more than letters. */
  private static float score(String piece) {
    return piece.length() > 2 ? -2 : piece.startsWith("▁") ? -5 : -8;
  }

  private T5Fixtures() {}

  /** A configuration of text width 128. */
  public static String config(int width) {
    return """
    {"model_type":"t5","vocab_size":20,"d_model":%d,"d_kv":8,"num_heads":4,"d_ff":48,
     "num_layers":2,"relative_attention_num_buckets":8,"layer_norm_epsilon":1e-06,
     "feed_forward_proj":"gated-gelu"}
    """
        .formatted(width);
  }

  /** Random weights under the library's names. */
  public static Map<String, TensorData> weights(int width) {
    T5Config config = new T5Config(20, width, 8, 4, 48, 2, 8, 128);
    Random random = new Random(5);
    Map<String, TensorData> weights = new LinkedHashMap<>();
    T5Encoder.shapes(config)
        .forEach(
            (name, shape) -> {
              float[] values = new float[(int) shape.size()];
              for (int i = 0; i < values.length; i++) {
                // bfloat16 numbers, so that every format holds the same
                float value = (float) random.nextGaussian() * 0.3f;
                values[i] = Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xffff0000);
              }
              weights.put(name, TensorData.of(values, sides(shape)));
            });
    return weights;
  }

  private static long[] sides(Shape shape) {
    return shape.getShape();
  }

  /** {@code tokenizer.json}. */
  public static void writeJson(Path folder) {
    StringBuilder vocabulary = new StringBuilder();
    for (String piece : PIECES) {
      vocabulary
          .append(vocabulary.isEmpty() ? "" : ",")
          .append("[\"%s\",%s]".formatted(piece, score(piece)));
    }
    write(
        folder.resolve("tokenizer.json"),
        """
        {"version":"1.0","truncation":{"direction":"Right","max_length":4,"strategy":"LongestFirst",
         "stride":0},"padding":null,
         "added_tokens":[
          {"id":0,"content":"<pad>","single_word":false,"lstrip":false,"rstrip":false,
           "normalized":false,"special":true},
          {"id":1,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,
           "normalized":false,"special":true},
          {"id":2,"content":"<unk>","single_word":false,"lstrip":false,"rstrip":false,
           "normalized":false,"special":true}],
         "normalizer":null,
         "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always",
          "split":true},
         "post_processor":{"type":"TemplateProcessing",
          "single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
          "pair":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
          "special_tokens":{"</s>":{"id":"</s>","ids":[1],"tokens":["</s>"]}}},
         "decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},
         "model":{"type":"Unigram","unk_id":2,"vocab":[%s],"byte_fallback":false}}
        """
            .formatted(vocabulary)
            .getBytes(StandardCharsets.UTF_8));
  }

  /** {@code spiece.model}: a ModelProto of pieces, trainer and normaliser. */
  public static void writePieces(Path folder) {
    ByteArrayOutputStream model = new ByteArrayOutputStream();
    for (String piece : PIECES) {
      ByteArrayOutputStream p = new ByteArrayOutputStream();
      bytes(p, 1, piece.getBytes(StandardCharsets.UTF_8));
      p.write(2 << 3 | 5);
      p.writeBytes(
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(score(piece)).array());
      int type = piece.equals("<unk>") ? 2 : piece.startsWith("<") ? 3 : 1;
      number(p, 3, type);
      bytes(model, 1, p.toByteArray());
    }
    ByteArrayOutputStream trainer = new ByteArrayOutputStream();
    number(trainer, 3, 1); // unigram
    number(trainer, 40, 2); // unk_id
    number(trainer, 41, -1); // no bos
    number(trainer, 42, 1); // eos_id
    number(trainer, 43, 0); // pad_id
    bytes(model, 2, trainer.toByteArray());
    ByteArrayOutputStream normaliser = new ByteArrayOutputStream();
    bytes(normaliser, 1, "identity".getBytes(StandardCharsets.US_ASCII));
    bytes(model, 3, normaliser.toByteArray());
    write(folder.resolve("spiece.model"), model.toByteArray());
  }

  private static void number(ByteArrayOutputStream out, int field, long value) {
    varint(out, (long) field << 3);
    varint(out, value);
  }

  private static void bytes(ByteArrayOutputStream out, int field, byte[] value) {
    varint(out, (long) field << 3 | 2);
    varint(out, value.length);
    out.writeBytes(value);
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  /** Writes a file in a folder that is made if missing. */
  public static void write(Path file, byte[] content) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
