package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;
import static io.scalekv.weights.WeightsFileException.tensor;

import io.scalekv.io.JsonStream;
import io.scalekv.weights.StateDictPickle.RawTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Archive of {@code torch.save} (since PyTorch 1.6): a stored zip with the pickle {@code data.pkl}
 * and one entry per storage. The tensors are those of a state dict at the top level or at the first
 * of {@link #PLACES} with one; other values are ignored.
 *
 * <p>Opening reads the table of contents and the pickle, and checks every tensor of the state dict
 * against its storage. Values are read from the file straight into the memory of the result; views
 * that are not contiguous pass through memory outside the Java heap.
 */
public final class PthFile implements TensorSource {
  /** Places of a state dict in the saved object, in the order of the search. */
  static final List<List<String>> PLACES =
      List.of(
          List.of("trainer", "gpt_fsdp"),
          List.of("state_dict"),
          List.of("model"),
          List.of("module"),
          List.of("vae"));

  static final int LARGEST_PICKLE = 1 << 25;

  /** Most elements of a view that repeats elements of its storage. */
  static final long MOST_REPEATED = 1 << 20;

  /** Place of a tensor, its strides in elements. */
  private record View(TensorInfo info, long[] stride) {
    boolean contiguous() {
      long expected = 1;
      long[] shape = info.shape();
      for (int d = shape.length - 1; d >= 0; d--) {
        if (shape[d] != 1 && stride[d] != expected) {
          return false;
        }
        expected *= shape[d];
      }
      return true;
    }

    /** Returns the bytes from the first to the last element. */
    long span() {
      long last = 0;
      long[] shape = info.shape();
      for (int d = 0; d < shape.length; d++) {
        last += (shape[d] - 1) * stride[d];
      }
      return (last + 1) * info.type().width();
    }
  }

  private final Path file;
  private final FileChannel channel;
  private final Map<String, View> views;

  private PthFile(Path file, FileChannel channel, Map<String, View> views) {
    this.file = file;
    this.channel = channel;
    this.views = Collections.unmodifiableMap(views);
  }

  /**
   * Opens an archive.
   *
   * @throws WeightsFileException if it cannot be read, is malformed, has no state dict, or its
   *     pickle names anything but tensors
   */
  public static PthFile open(Path file) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      Map<String, ZipDirectory.Entry> entries = ZipDirectory.read(file, channel).entries();
      String folder = folder(file, entries);
      checkByteOrder(file, channel, entries.get(folder + "byteorder"));
      byte[] pickle = bytes(file, channel, entries.get(folder + "data.pkl"), LARGEST_PICKLE);
      Map<String, RawTensor> tensors = stateDict(file, StateDictPickle.read(file, pickle));
      Map<String, View> views = new LinkedHashMap<>();
      tensors.forEach((name, raw) -> views.put(name, view(file, folder, entries, name, raw)));
      PthFile opened = new PthFile(file, channel, views);
      channel = null;
      return opened;
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    } finally {
      ChannelReads.closeQuietly(channel);
    }
  }

  /** Returns the one folder of the archive, with its slash. */
  static String folder(Path file, Map<String, ZipDirectory.Entry> entries) {
    List<String> pickles =
        entries.keySet().stream()
            .filter(n -> n.endsWith("/data.pkl") && n.indexOf('/') == n.lastIndexOf('/'))
            .toList();
    require(pickles.size() == 1, file, "number of FOLDER/data.pkl", 1, pickles.size());
    return pickles.get(0).substring(0, pickles.get(0).indexOf('/') + 1);
  }

  static void checkByteOrder(Path file, FileChannel channel, ZipDirectory.Entry entry)
      throws IOException {
    if (entry != null) {
      String order =
          new String(bytes(file, channel, entry, 64), StandardCharsets.ISO_8859_1).strip();
      require(order.equals("little"), file, "byteorder", "little", quote(order));
    }
  }

  static byte[] bytes(Path file, FileChannel channel, ZipDirectory.Entry entry, int most)
      throws IOException {
    atMost(most, file, "bytes of entry " + quote(entry.name()), entry.size());
    ByteBuffer buffer = ByteBuffer.allocate((int) entry.size());
    ChannelReads.readFully(file, channel, buffer, entry.offset());
    return buffer.array();
  }

  private static Map<String, RawTensor> stateDict(Path file, Object root) {
    Map<String, RawTensor> tensors = tensors(file, root);
    for (List<String> place : PLACES) {
      if (tensors.isEmpty()) {
        Object at = root;
        for (String key : place) {
          at = at instanceof Map<?, ?> map ? map.get(key) : null;
        }
        tensors = tensors(file, at);
      }
    }
    require(
        !tensors.isEmpty(),
        file,
        "state dict",
        "tensors by name at the top level or under "
            + String.join(", ", PLACES.stream().map(p -> String.join(".", p)).toList()),
        root instanceof Map<?, ?> map ? "the keys " + keys(map) : "no dictionary");
    return tensors;
  }

  private static String keys(Map<?, ?> map) {
    return oneLine(
        String.join(", ", map.keySet().stream().limit(20).map(Object::toString).toList()));
  }

  private static Map<String, RawTensor> tensors(Path file, Object dictionary) {
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    if (dictionary instanceof Map<?, ?> map) {
      map.forEach(
          (key, value) -> {
            if (value instanceof RawTensor tensor) {
              if (!(key instanceof String name) || name.length() > JsonStream.LONGEST_NAME) {
                throw WeightsFileException.in(
                    file,
                    "name of a tensor",
                    "a text of at most " + JsonStream.LONGEST_NAME + " characters",
                    oneLine(key.toString()));
              }
              tensors.put(name, tensor);
            }
          });
    }
    return tensors;
  }

  private static View view(
      Path file,
      String folder,
      Map<String, ZipDirectory.Entry> entries,
      String name,
      RawTensor raw) {
    StoredType type = raw.storage().type();
    String what = tensor(name);
    ZipDirectory.Entry entry = entries.get(folder + "data/" + raw.storage().key());
    String key = oneLine(raw.storage().key());
    require(entry != null, file, "storage of " + what, "in the archive", key);
    long stored = raw.storage().elements();
    require(
        stored >= 0 && stored <= entry.size() && stored * type.width() == entry.size(),
        file,
        "storage " + entry.name() + " of " + what,
        entry.size() + " bytes of " + type + ", the size of its entry",
        stored + " elements");
    String got =
        Arrays.toString(raw.shape())
            + " stride "
            + Arrays.toString(raw.stride())
            + " from "
            + raw.offset();
    try {
      long bytes = type.width();
      long last = raw.offset();
      boolean negative = raw.offset() < 0;
      boolean empty = false;
      for (int d = 0; d < raw.shape().length; d++) {
        negative |= raw.shape()[d] < 0 || raw.stride()[d] < 0;
        empty |= raw.shape()[d] == 0;
      }
      for (int d = 0; d < raw.shape().length && !empty && !negative; d++) {
        bytes = Math.multiplyExact(bytes, raw.shape()[d]);
        last = Math.addExact(last, Math.multiplyExact(raw.shape()[d] - 1, raw.stride()[d]));
      }
      boolean inside = !negative && (empty ? last <= stored : last < stored);
      require(inside, file, what, "inside its " + stored + " stored elements", got);
      long elements = bytes / type.width();
      long most = Math.max(stored, MOST_REPEATED);
      require(empty || elements <= most, file, what, "at most " + most + " elements", got);
      long offset = entry.offset() + raw.offset() * type.width();
      TensorInfo info = new TensorInfo(name, type, raw.shape(), empty ? 0 : bytes, offset, file);
      return new View(info, raw.stride());
    } catch (ArithmeticException e) {
      throw WeightsFileException.in(file, what, "less than 2^63 bytes", got);
    }
  }

  @Override
  public Set<String> names() {
    return views.keySet();
  }

  @Override
  public TensorInfo info(String name) {
    return named(name).info();
  }

  private View named(String name) {
    View view = views.get(name);
    require(view != null, file, "tensor", "in the file", quote(name));
    return view;
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public void close() {
    ChannelReads.closeQuietly(channel);
  }

  @Override
  public Bytes bytes(String name) {
    View view = named(name);
    TensorInfo info = view.info();
    require(channel.isOpen(), file, "file of " + info, "open", "a closed one");
    if (info.byteLength() == 0 || view.contiguous()) {
      return (target, position) -> read(info, target, info.offset() + position);
    }
    atMost(Integer.MAX_VALUE, file, "bytes from end to end of " + info, view.span());
    ByteBuffer span = ByteBuffer.allocateDirect((int) view.span());
    read(info, span, info.offset());
    return (target, position) -> gather(view, span, target, position);
  }

  private void read(TensorInfo info, ByteBuffer target, long position) {
    try {
      ChannelReads.readFully(file, channel, target, position);
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read " + info, e);
    }
  }

  /** Fills {@code target} with the elements of a view from byte {@code position} on, row-major. */
  private static void gather(View view, ByteBuffer span, ByteBuffer target, long position) {
    int width = view.info().type().width();
    long[] shape = view.info().shape();
    long[] stride = view.stride();
    long[] index = new long[shape.length];
    long rest = position / width;
    long element = 0;
    for (int d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % shape[d];
      rest /= shape[d];
      element += index[d] * stride[d];
    }
    while (target.hasRemaining()) {
      int at = (int) (element * width);
      for (int i = 0; i < width; i++) {
        target.put(span.get(at + i));
      }
      for (int d = shape.length - 1; d >= 0; d--) {
        element += stride[d];
        if (++index[d] < shape[d]) {
          break;
        }
        element -= shape[d] * stride[d];
        index[d] = 0;
      }
    }
  }
}
