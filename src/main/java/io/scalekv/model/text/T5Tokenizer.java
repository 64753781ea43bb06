package io.scalekv.model.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.sentencepiece.SpTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Tokenizer of T5, by {@code tokenizer.json} or {@code spiece.model} of a model folder. Every text
 * ends with {@code </s>}; a longer one is cut to {@link #MAX_TOKENS} tokens, the last of them
 * {@code </s>}.
 */
public final class T5Tokenizer implements AutoCloseable {
  /** Most tokens of a text, {@code </s>} included, as in the training of Infinity. */
  public static final int MAX_TOKENS = 512;

  private static final String JSON = "tokenizer.json";
  private static final String PIECES = "spiece.model";
  private static final String END = "</s>";
  private static final int EXTRA = 100;

  /** Tokens that are one token wherever they stand in a text. */
  private static final Pattern SPECIAL = Pattern.compile("</s>|<pad>|<unk>|<extra_id_[1-9]?[0-9]>");

  /** Tokens without the end token. */
  private interface Pieces extends AutoCloseable {
    int[] of(String text);

    @Override
    void close();
  }

  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "false", "padding", "false", "truncation", "false");

  private final Pieces pieces;
  private final int end;

  private T5Tokenizer(Pieces pieces, int end) {
    this.pieces = pieces;
    this.end = end;
  }

  /**
   * Returns the tokenizer of a folder; {@code tokenizer.json} goes first.
   *
   * @throws IllegalArgumentException if neither file is there, or it cannot be read
   */
  public static T5Tokenizer open(Path folder) {
    Path file = file(folder);
    try {
      return file.endsWith(JSON) ? ofJson(file) : ofPieces(file);
    } catch (IOException | RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new IllegalArgumentException(file + ": not a tokenizer of T5: " + reason, e);
    }
  }

  /**
   * Returns the file that {@link #open} reads.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Path file(Path folder) {
    for (String name : new String[] {JSON, PIECES}) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    throw new IllegalArgumentException(folder + ": missing " + JSON + " or " + PIECES);
  }

  private static T5Tokenizer ofJson(Path file) throws IOException {
    HuggingFaceTokenizer tokenizer =
        HuggingFaceTokenizer.newInstance(
            new ByteArrayInputStream(UnigramJson.encoderOf(Files.readAllBytes(file))), OPTIONS);
    long[] end = tokenizer.encode(END, false, false).getIds();
    if (end.length != 1) {
      tokenizer.close();
      throw new IllegalArgumentException(END + " must be one token, got " + end.length);
    }
    return new T5Tokenizer(
        new Pieces() {
          @Override
          public int[] of(String text) {
            long[] ids = tokenizer.encode(text, false, false).getIds();
            return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
          }

          @Override
          public void close() {
            tokenizer.close();
          }
        },
        (int) end[0]);
  }

  private static T5Tokenizer ofPieces(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    SpTokenizer tokenizer = new SpTokenizer(bytes);
    int count = pieces(bytes);
    int end = tokenizer.getProcessor().getId(END);
    if (!tokenizer.getProcessor().getToken(end).equals(END)) {
      tokenizer.close();
      throw new IllegalArgumentException("missing token " + END);
    }
    return new T5Tokenizer(
        new Pieces() {
          @Override
          public int[] of(String text) {
            IntStream.Builder ids = IntStream.builder();
            Matcher special = SPECIAL.matcher(text);
            int from = 0;
            while (special.find()) {
              add(text.substring(from, special.start()), ids);
              ids.add(id(special.group()));
              from = special.end();
            }
            add(text.substring(from), ids);
            return ids.build().toArray();
          }

          /**
           * The extra ids follow the pieces in descending order, as in the Hugging Face library.
           */
          private int id(String token) {
            return token.startsWith("<extra")
                ? count + EXTRA - 1 - Integer.parseInt(token.substring(10, token.length() - 1))
                : tokenizer.getProcessor().getId(token);
          }

          private void add(String text, IntStream.Builder ids) {
            if (!text.isBlank()) {
              Arrays.stream(tokenizer.getProcessor().encode(text)).forEach(ids::add);
            }
          }

          @Override
          public void close() {
            tokenizer.close();
          }
        },
        end);
  }

  /** Returns the number of pieces of a model: its fields of number 1 (protocol buffers). */
  private static int pieces(byte[] model) {
    int count = 0;
    for (int at = 0; at < model.length; count++) {
      if (model[at++] != (1 << 3 | 2)) {
        break; // the pieces come first
      }
      int length = 0;
      for (int shift = 0; ; shift += 7) {
        byte b = model[at++];
        length |= (b & 0x7f) << shift;
        if (b >= 0) {
          break;
        }
      }
      at += length;
    }
    return count;
  }

  /** Returns the number of tokens of a text, {@code </s>} included, before it is cut. */
  public int length(String text) {
    return pieces.of(text).length + 1;
  }

  /** Returns the tokens of a text, 1 to {@link #MAX_TOKENS}, the last being {@code </s>}. */
  public int[] encode(String text) {
    int[] ids = pieces.of(text);
    int kept = Math.min(ids.length, MAX_TOKENS - 1);
    int[] all = Arrays.copyOf(ids, kept + 1);
    all[kept] = end;
    return all;
  }

  @Override
  public void close() {
    pieces.close();
  }
}
