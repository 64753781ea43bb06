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
 * Reads and writes mapping files of other tools. The form is always told, never guessed, and what
 * contradicts it is refused: offsets taken for ids, or ids for offsets, would draft wrong tokens
 * without a word. Files with a mask are checked against it; a list without one is checked for
 * order, range and repetition, which a list of offsets fails as soon as two neighbours are kept.
 */
public final class MappingFile {
  /** Name of the mapping tensor. */
  public static final String D2T = "d2t";

  /** Name of the mask. */
  public static final String T2D = "t2d";

  /** Key of the metadata entry of our files that names the form. */
  public static final String FORM = "scalekv_form";

  private static final long LARGEST = 64L << 20;

  private MappingFile() {}

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
    Require.that(
        size != 0 && size % 4 == 0 && size <= LARGEST,
        "%s must hold int32 numbers (a multiple of 4 bytes), got %s bytes",
        file,
        size);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    long[] ids = new long[bytes.capacity() / 4];
    Arrays.setAll(ids, i -> bytes.getInt(4 * i));
    return ids;
  }

  private static Mapping list(Path file, MappingForm form, long[] ids, int vocabulary) {
    Require.that(ids.length != 0, "%s must hold at least one token", file);
    boolean[] seen = new boolean[vocabulary];
    for (int i = 0; i < ids.length; i++) {
      String what = null;
      if (ids[i] < 0 || ids[i] >= vocabulary) {
        what = "token " + ids[i] + " of a vocabulary of " + vocabulary;
      } else if (seen[(int) ids[i]]) {
        what = "token " + ids[i] + " twice";
      }
      if (what != null) {
        String hint = fits(ids, true, vocabulary) ? "; it reads like the offsets of a d2t" : "";
        throw new IllegalArgumentException(
            String.format(
                "%s: tokens of form %s must be distinct and in 0..%d, got %s at place %d%s",
                file, form.key(), vocabulary - 1, what, i, hint));
      }
      seen[(int) ids[i]] = true;
    }
    int[] order = Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    return new Mapping(VocabularySubset.of(sorted, vocabulary), order);
  }

  private static Mapping tensors(Path file, MappingForm form, int vocabulary) {
    try (TensorSource source = TensorSource.open(file)) {
      for (String name : new String[] {D2T, T2D}) {
        Require.that(
            source.names().contains(name),
            "%s must hold the tensors d2t and t2d, got no %s",
            file,
            name);
        TensorInfo info = source.info(name);
        Require.that(
            info.shape().length == 1 && !info.type().isFloating(),
            "%s: %s must hold whole numbers in one dimension, got %s",
            file,
            name,
            info);
      }
      String said = source.metadata().get(FORM);
      Require.that(
          said == null || said.equals(form.key()),
          "%s must have the form %s, got %s",
          file,
          form.key(),
          said);
      int[] mask = source.ints(T2D);
      Require.that(
          mask.length == vocabulary,
          "%s: length of t2d must be the vocabulary %s, got %s",
          file,
          vocabulary,
          mask.length);
      long[] values = source.longs(D2T);
      boolean offsets = form == MappingForm.D2T_OFFSET;
      String wrong = contradiction(values, mask, offsets);
      if (wrong != null) {
        boolean other = contradiction(values, mask, !offsets) == null;
        String hint =
            other
                ? "; it reads like "
                    + (offsets ? MappingForm.D2T_ABSOLUTE : MappingForm.D2T_OFFSET).key()
                : "";
        throw new IllegalArgumentException(
            file + ": d2t of form " + form.key() + " must agree with t2d, got " + wrong + hint);
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

  /** Whether a list read one way gives ascending tokens of the vocabulary. */
  private static boolean fits(long[] values, boolean offsets, int vocabulary) {
    long before = -1;
    for (int j = 0; j < values.length; j++) {
      long id = offsets ? j + values[j] : values[j];
      if (id <= before || id >= vocabulary) {
        return false;
      }
      before = id;
    }
    return true;
  }

  /** The first thing that is wrong with a d2t read one way; null if nothing is. */
  private static String contradiction(long[] values, int[] mask, boolean offsets) {
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
        return "token " + id + " at row " + j + ", which t2d does not keep";
      }
      before = id;
    }
    int kept = Arrays.stream(mask).sum();
    return kept == values.length && kept > 0
        ? null
        : values.length + " rows, where t2d keeps " + kept + " tokens";
  }

  /** Writes a mapping, whole or not at all. */
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
            tensors(mapping.kept(), form == MappingForm.D2T_OFFSET),
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

  /** d2t (int64) and t2d (bool) of a trimmed head. */
  public static Map<String, TensorData> tensors(VocabularySubset kept, boolean offsets) {
    long[] d2t = new long[kept.size()];
    boolean[] t2d = new boolean[kept.vocabulary()];
    for (int j = 0; j < d2t.length; j++) {
      d2t[j] = (long) kept.id(j) - (offsets ? j : 0);
      t2d[kept.id(j)] = true;
    }
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put(D2T, new TensorData.Longs(d2t, d2t.length));
    tensors.put(T2D, new TensorData.Booleans(t2d, t2d.length));
    return tensors;
  }
}
