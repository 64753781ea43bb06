package io.scalekv.vocabtrim.trim;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorInfo;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.TorchIntegers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Mapping files of other tools. The form is given, never guessed, and a file that contradicts it is
 * refused: offsets read as ids, or ids as offsets, would silently draft wrong tokens. Files with a
 * mask are checked against it; a list without one is checked for range and repetition, which a list
 * of offsets fails as soon as two neighbouring ids are retained.
 */
public final class MappingFile {
  /** Name of the mapping tensor. */
  public static final String D2T = "d2t";

  /** Name of the mask. */
  public static final String T2D = "t2d";

  /** Metadata key that names the form in files written here. */
  public static final String FORM = "scalekv_form";

  private static final long LARGEST = 64L << 20;

  private MappingFile() {}

  /**
   * Content of a mapping file.
   *
   * @param retained tokens
   * @param order the same tokens in the order of the file, by frequency where the form preserves it
   */
  public record Mapping(VocabularySubset retained, int[] order) {
    /** Returns the first k tokens of a ranking. */
    public static Mapping of(FrequencyRanking ranking, int k) {
      return new Mapping(ranking.retained(k), ranking.first(k));
    }

    /** Returns retained tokens of unknown frequencies. */
    public static Mapping of(VocabularySubset retained) {
      return new Mapping(retained, retained.toArray());
    }
  }

  /**
   * Reads a mapping.
   *
   * @param file of a d2t form: any file or folder of weights with the tensors d2t and t2d
   * @param vocabulary V of the target; must equal the length of the mask
   * @throws IllegalArgumentException if the file is not of that form, or contradicts it
   */
  public static Mapping read(Path file, MappingForm form, int vocabulary) throws IOException {
    Require.that(Files.exists(file), "missing mapping file %s", file);
    return switch (form) {
      case FR_SPEC -> list(file, form, TorchIntegers.read(file), vocabulary);
      case LLAMA_CPP -> list(file, form, words(file), vocabulary);
      case D2T_OFFSET, D2T_ABSOLUTE -> tensors(file, form, vocabulary);
    };
  }

  private static long[] words(Path file) throws IOException {
    long size = Files.isRegularFile(file) ? Files.size(file) : 0;
    boolean whole = size != 0 && size % 4 == 0 && size <= LARGEST;
    Require.that(whole, "%s must hold int32 ids (a multiple of 4 bytes), got %d", file, size);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    long[] ids = new long[bytes.capacity() / 4];
    Arrays.setAll(ids, i -> bytes.getInt(4 * i));
    return ids;
  }

  private static Mapping list(Path file, MappingForm form, long[] ids, int vocabulary) {
    Require.that(ids.length != 0, "%s must hold at least one token", file);
    int[] all = new int[vocabulary];
    Arrays.fill(all, 1);
    String hint = outside(ids, all, true) == null ? "; it reads like the offsets of a d2t" : "";
    String message = "%s: tokens of form %s must be distinct and below %d, got %d%s at place %d%s";
    boolean[] seen = new boolean[vocabulary];
    for (int i = 0; i < ids.length; i++) {
      boolean inside = ids[i] >= 0 && ids[i] < vocabulary;
      boolean twice = inside && seen[(int) ids[i]];
      String again = twice ? " twice" : "";
      boolean sound = inside && !twice;
      Require.that(sound, message, file, form.key(), vocabulary, ids[i], again, i, hint);
      seen[(int) ids[i]] = true;
    }
    int[] order = Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    int[] sorted = Arrays.stream(order).sorted().toArray();
    return new Mapping(VocabularySubset.of(sorted, vocabulary), order);
  }

  private static Mapping tensors(Path file, MappingForm form, int vocabulary) {
    try (TensorSource source = TensorSource.open(file)) {
      for (String name : new String[] {D2T, T2D}) {
        Require.that(source.names().contains(name), "%s: missing tensor %s", file, name);
        TensorInfo info = source.info(name);
        boolean whole = info.shape().length == 1 && !info.type().isFloating();
        Require.that(whole, "%s: %s must be a vector of integers, got %s", file, name, info);
      }
      String key = form.key();
      String named = source.metadata().getOrDefault(FORM, key);
      Require.that(named.equals(key), "%s must have the form %s, got %s", file, key, named);
      int[] mask = source.ints(T2D);
      int length = mask.length;
      Require.that(
          length == vocabulary, "%s: t2d must have %d values, got %d", file, vocabulary, length);
      long[] values = source.longs(D2T);
      boolean offsets = form == MappingForm.D2T_OFFSET;
      String wrong = contradiction(values, mask, offsets);
      if (wrong != null) {
        MappingForm other = offsets ? MappingForm.D2T_ABSOLUTE : MappingForm.D2T_OFFSET;
        boolean fits = contradiction(values, mask, !offsets) == null;
        String hint = fits ? "; it reads like " + other.key() : "";
        throw new IllegalArgumentException(
            file + ": d2t of form " + key + " must agree with t2d, got " + wrong + hint);
      }
      return Mapping.of(VocabularySubset.of(ids(values, offsets), vocabulary));
    }
  }

  private static int[] ids(long[] values, boolean offsets) {
    int[] ids = new int[values.length];
    for (int j = 0; j < ids.length; j++) {
      ids[j] = Math.toIntExact(offsets ? j + values[j] : values[j]);
    }
    return ids;
  }

  /** Returns the first contradiction between d2t and t2d; null if there is none. */
  private static String contradiction(long[] values, int[] mask, boolean offsets) {
    int retained = Arrays.stream(mask).sum();
    String wrong = outside(values, mask, offsets);
    if (wrong == null && (retained != values.length || retained == 0)) {
      return values.length + " rows, where t2d retains " + retained + " tokens";
    }
    return wrong;
  }

  /** Returns the first row that does not ascend within the mask; null if there is none. */
  private static String outside(long[] values, int[] mask, boolean offsets) {
    long before = -1;
    for (int j = 0; j < values.length; j++) {
      long id = offsets ? j + values[j] : values[j];
      if (id < 0 || id >= mask.length) {
        return "token " + id + " at row " + j + " of a vocabulary of " + mask.length;
      }
      if (id <= before) {
        return "token " + id + " after " + before + " at row " + j;
      }
      if (mask[(int) id] != 1) {
        return "token " + id + " at row " + j + ", which t2d does not retain";
      }
      before = id;
    }
    return null;
  }

  /** Writes a mapping atomically. */
  public static void write(Path file, MappingForm form, Mapping mapping) throws IOException {
    switch (form) {
      case FR_SPEC ->
          AtomicFile.write(file, TorchIntegers.archive(archiveName(file), mapping.order()));
      case LLAMA_CPP -> {
        int[] ids = mapping.order();
        ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(ids);
        AtomicFile.write(file, bytes.array());
      }
      case D2T_OFFSET, D2T_ABSOLUTE -> {
        Files.createDirectories(file.toAbsolutePath().getParent());
        SafetensorsWriter.writeData(
            file,
            tensors(mapping.retained(), form == MappingForm.D2T_OFFSET),
            StoredType.F32,
            Map.of(FORM, form.key(), "format", "pt"));
      }
    }
  }

  private static String archiveName(Path file) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /** Returns d2t (int64) and t2d (bool) of a trimmed head. */
  public static Map<String, TensorData> tensors(VocabularySubset retained, boolean offsets) {
    long[] d2t = new long[retained.size()];
    boolean[] t2d = new boolean[retained.vocabulary()];
    for (int j = 0; j < d2t.length; j++) {
      d2t[j] = (long) retained.id(j) - (offsets ? j : 0);
      t2d[retained.id(j)] = true;
    }
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put(D2T, new TensorData.Longs(d2t, d2t.length));
    tensors.put(T2D, new TensorData.Booleans(t2d, t2d.length));
    return tensors;
  }
}
