package io.scalekv.vocabtrim.trim;

import static io.scalekv.vocabtrim.lm.LlamaWeights.D2T;
import static io.scalekv.vocabtrim.lm.LlamaWeights.T2D;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.GgufFile;
import io.scalekv.weights.GgufWriter;
import io.scalekv.weights.NpyFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.TorchIntegers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Mapping file of another program, as it is stored: nothing is checked before {@link MappingCheck}.
 * The form follows from the first bytes and the names inside.
 *
 * @param file or folder
 * @param form guessed, or that which the file names
 * @param named whether the file names its form
 * @param values ids, or offsets of {@link MappingForm#D2T_OFFSET}
 * @param mask values of t2d, [V]; null if there is none
 */
public record MappingFile(Path file, MappingForm form, boolean named, long[] values, long[] mask) {
  /** Metadata key that names the form in files written here. */
  public static final String FORM = "scalekv_form";

  private static final long LARGEST = 64L << 20;

  /**
   * Reads a file or a folder of weights without checking the ids.
   *
   * @throws IllegalArgumentException if it holds no mapping
   */
  public static MappingFile open(Path path) throws IOException {
    Require.that(Files.exists(path), "missing mapping file %s", path);
    if (Files.isDirectory(path)) {
      Optional<Path> npy = inFolder(path);
      return npy.isPresent() ? npy(npy.get()) : tensors(path);
    }
    byte[] head;
    try (InputStream in = Files.newInputStream(path)) {
      head = in.readNBytes(16);
    }
    if (NpyFile.starts(head)) {
      return npy(path);
    }
    if (head.length > 3 && head[0] == 'P' && head[1] == 'K') {
      return torch(path);
    }
    boolean gguf = GgufFile.starts(path);
    if (gguf || (head.length > 8 && head[8] == '{')) {
      return tensors(path);
    }
    long size = Files.size(path);
    Require.that(size <= LARGEST, "%s must have at most %d bytes, got %d", path, LARGEST, size);
    byte[] all = Files.readAllBytes(path);
    boolean marked = all.length > 3 && all[0] == -17 && all[1] == -69 && all[2] == -65;
    byte[] text = marked ? Arrays.copyOfRange(all, 3, all.length) : all;
    return isText(text) ? text(path, text) : words(path, all);
  }

  /** Returns d2t.npy or d2t-N.npy of a folder without weights. */
  private static Optional<Path> inFolder(Path folder) throws IOException {
    if (TensorSource.FOLDER_NAMES.stream().anyMatch(n -> Files.exists(folder.resolve(n)))) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> found =
          files.filter(f -> f.getFileName().toString().matches("d2t(-\\d+)?\\.npy")).toList();
      String one = "%s must hold one d2t.npy, got %d";
      Require.that(found.size() <= 1, one, folder, found.size());
      return found.stream().findFirst();
    }
  }

  private static MappingFile npy(Path d2t) throws IOException {
    String name = d2t.getFileName().toString();
    Path t2d = d2t.resolveSibling(name.replace(D2T, T2D));
    boolean masked = name.contains(D2T) && Files.exists(t2d);
    long[] mask = masked ? NpyFile.read(t2d) : null;
    return new MappingFile(d2t, MappingForm.D2T_OFFSET, false, NpyFile.read(d2t), mask);
  }

  private static MappingFile torch(Path file) {
    TorchIntegers saved;
    try {
      saved = TorchIntegers.read(file);
    } catch (IllegalArgumentException e) {
      return tensors(file);
    }
    if (saved instanceof TorchIntegers.Numbers numbers) {
      return new MappingFile(file, MappingForm.FR_SPEC, false, numbers.values(), null);
    } else if (saved instanceof TorchIntegers.Vector vector) {
      return new MappingFile(file, MappingForm.VLLM_IDS, false, vector.values(), null);
    }
    boolean counts = saved instanceof TorchIntegers.Counts;
    Require.that(!counts, "%s must hold a mapping, got counts: give it as --counts", file);
    long[] d2t = ((TorchIntegers.Vectors) saved).byName().get(D2T);
    Require.that(d2t != null, "%s: missing tensor d2t", file);
    long[] mask = ((TorchIntegers.Vectors) saved).byName().get(T2D);
    return new MappingFile(file, MappingForm.D2T_OFFSET, false, d2t, mask);
  }

  private static MappingFile tensors(Path path) {
    try (TensorSource source = TensorSource.open(path)) {
      Require.that(source.names().contains(D2T), "%s: missing tensor d2t", path);
      boolean gguf = source instanceof GgufFile;
      String named = source.metadata().get(FORM);
      MappingForm form =
          Arrays.stream(MappingForm.values())
              .filter(f -> f.tensors() && f.key().equals(named))
              .findFirst()
              .orElse(gguf ? MappingForm.D2T_ABSOLUTE : MappingForm.D2T_OFFSET);
      long[] mask = source.names().contains(T2D) ? vector(source, T2D) : null;
      return new MappingFile(path, form, named != null, vector(source, D2T), mask);
    }
  }

  private static long[] vector(TensorSource source, String name) {
    boolean vector = source.info(name).shape().length == 1 && source.info(name).type().isInteger();
    Require.that(vector, "%s must be a vector of integers", source.info(name));
    return source.longs(name);
  }

  private static boolean isText(byte[] all) {
    for (byte b : all) {
      if (!(b >= '0' && b <= '9') && b != '\n' && b != '\r' && b != ' ' && b != '-') {
        return false;
      }
    }
    return true;
  }

  private static MappingFile text(Path file, byte[] all) {
    String[] lines = new String(all, StandardCharsets.US_ASCII).strip().split("\\s*\\R\\s*");
    long[] ids = new long[lines.length];
    for (int i = 0; i < ids.length; i++) {
      boolean number = lines[i].matches("-?\\d{1,18}");
      Require.that(number, "%s: line %d must be an id, got %s", file, i + 1, lines[i]);
      ids[i] = Long.parseLong(lines[i]);
    }
    return new MappingFile(file, MappingForm.LLAMA_CPP_TEXT, false, ids, null);
  }

  private static MappingFile words(Path file, byte[] all) {
    boolean whole = all.length != 0 && all.length % 4 == 0;
    Require.that(whole, "%s must hold int32 ids (a multiple of 4 bytes), got %d", file, all.length);
    ByteBuffer bytes = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    long[] ids = new long[all.length / 4];
    Arrays.setAll(ids, i -> bytes.getInt(4 * i));
    return new MappingFile(file, MappingForm.LLAMA_CPP, false, ids, null);
  }

  /** Returns the same file read in another form. */
  public MappingFile as(MappingForm other) {
    boolean possible = other == form || (!named && other.tensors() == form.tensors());
    String message = "form of %s must be %s, got %s";
    Require.that(possible, message, file, form.key(), other.key());
    return new MappingFile(file, other, named, values, mask);
  }

  /** Returns the token of a row. */
  long id(int row) {
    return values[row] + (form == MappingForm.D2T_OFFSET ? row : 0);
  }

  /**
   * Returns whether this is the placeholder of a draft model with a whole head: d2t and t2d zero
   * everywhere.
   */
  boolean isIdentity(int vocabulary) {
    return form.tensors()
        && values.length == vocabulary
        && Arrays.stream(values).allMatch(v -> v == 0)
        && (mask == null || mask.length == vocabulary)
        && (mask == null || Arrays.stream(mask).distinct().count() == 1);
  }

  /**
   * Returns the mapping.
   *
   * @param vocabulary V of the target
   * @throws IllegalArgumentException if the file contradicts its form
   */
  public Mapping mapping(int vocabulary) {
    if (isIdentity(vocabulary)) {
      return Mapping.of(VocabularySubset.all(vocabulary));
    }
    for (Finding finding : MappingCheck.of(this, vocabulary)) {
      boolean sound = finding.severity() != Finding.Severity.ERROR;
      Require.that(sound, "%s: %s", file, finding.message());
    }
    int[] order = new int[values.length];
    Arrays.setAll(order, j -> Math.toIntExact(id(j)));
    int[] sorted = Arrays.stream(order).sorted().toArray();
    return new Mapping(VocabularySubset.of(sorted, vocabulary), order);
  }

  /**
   * Reads a mapping.
   *
   * @param form null to take the one that the file suggests
   */
  public static Mapping read(Path file, MappingForm form, int vocabulary) throws IOException {
    MappingFile open = open(file);
    return (form == null ? open : open.as(form)).mapping(vocabulary);
  }

  /**
   * Writes a mapping atomically. Of the d2t forms the ending of the file chooses the container:
   * {@code .npy} (with the mask beside it), {@code .pt} or {@code .pth}, {@code .gguf}, otherwise
   * safetensors.
   */
  public static void write(Path file, MappingForm form, Mapping mapping) throws IOException {
    int[] ascending = mapping.retained().toArray();
    switch (form) {
      case FR_SPEC -> AtomicFile.write(file, TorchIntegers.archive(stem(file), mapping.order()));
      case VLLM_IDS -> {
        TensorData ids = TensorData.of(mapping.d2t(false), ascending.length);
        AtomicFile.write(file, TorchIntegers.archive(stem(file), ids));
      }
      case LLAMA_CPP ->
          AtomicFile.write(file, TensorData.of(ascending, ascending.length).all().array());
      case LLAMA_CPP_TEXT -> {
        StringBuilder lines = new StringBuilder();
        Arrays.stream(mapping.order()).forEach(id -> lines.append(id).append('\n'));
        AtomicFile.write(file, lines.toString().getBytes(StandardCharsets.US_ASCII));
      }
      case D2T_OFFSET, D2T_ABSOLUTE -> writeTensors(file, form, mapping);
    }
  }

  private static void writeTensors(Path file, MappingForm form, Mapping mapping)
      throws IOException {
    boolean offsets = form == MappingForm.D2T_OFFSET;
    String name = file.getFileName().toString();
    if (name.endsWith(".npy")) {
      boolean named = offsets && name.contains(D2T);
      Require.that(named, "--out must name d2t in offset form (d2t-32000.npy), got %s", name);
      Map<String, TensorData> tensors = mapping.tensors(true);
      NpyFile.write(file.resolveSibling(name.replace(D2T, T2D)), tensors.get(T2D));
      NpyFile.write(file, tensors.get(D2T));
    } else if (name.endsWith(".pt") || name.endsWith(".pth")) {
      AtomicFile.write(file, TorchIntegers.archive(stem(file), mapping.tensors(offsets)));
    } else if (name.endsWith(".gguf")) {
      new GgufWriter().put(FORM, form.key()).put(D2T, mapping.d2t(offsets)).write(file);
    } else {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Map<String, String> metadata = Map.of(FORM, form.key(), "format", "pt");
      SafetensorsWriter.writeData(file, mapping.tensors(offsets), StoredType.F32, metadata);
    }
  }

  private static String stem(Path file) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }
}
