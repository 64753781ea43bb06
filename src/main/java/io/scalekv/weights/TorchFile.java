package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * File of {@code torch.save}: the saved object and the places of its storages. Since PyTorch 1.6 it
 * is a zip archive with the pickle {@code data.pkl} and one entry per storage; before, and on
 * request since, five pickles one after the other (a magic number, a version, facts about the
 * machine, the object, the keys of the storages), then each storage behind its number of elements.
 *
 * @param storages places by key; only those of a known element size
 * @param bigEndian whether the elements of all storages have their highest byte first
 */
record TorchFile(Object root, Map<String, ZipDirectory.Entry> storages, boolean bigEndian) {
  private static final int LARGEST_PICKLE = 1 << 25;
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long VERSION = 1001;

  /** Reads a file of either form. */
  static TorchFile read(Path file, FileChannel channel) throws IOException {
    ByteBuffer head = ByteBuffer.allocate((int) Math.min(4, channel.size()));
    Channels.readFully(file, channel, head, 0);
    return ZipDirectory.starts(head.array()) ? archive(file, channel) : legacy(file, channel);
  }

  private static TorchFile archive(Path file, FileChannel channel) throws IOException {
    Map<String, ZipDirectory.Entry> entries = ZipDirectory.read(file, channel).entries();
    List<String> pickles =
        entries.keySet().stream()
            .filter(n -> n.endsWith("/data.pkl") && n.indexOf('/') == n.lastIndexOf('/'))
            .toList();
    require(pickles.size() == 1, file, "number of FOLDER/data.pkl", 1, pickles.size());
    String folder = pickles.get(0).substring(0, pickles.get(0).indexOf('/') + 1);
    boolean script = entries.containsKey(folder + "constants.pkl");
    require(
        !script,
        file,
        "weights",
        "a state dict",
        "a TorchScript archive of torch.jit.save; in Python:"
            + " torch.save(torch.jit.load(file).state_dict(), \"weights.pth\")");
    String order = "little";
    ZipDirectory.Entry byteOrder = entries.get(folder + "byteorder");
    if (byteOrder != null) {
      ByteBuffer text = read(file, channel, byteOrder, 64);
      order = StandardCharsets.ISO_8859_1.decode(text).toString().strip();
      boolean known = order.equals("little") || order.equals("big");
      require(known, file, "byteorder", "little or big", quote(order));
    }
    ByteBuffer pickle = read(file, channel, entries.get(pickles.get(0)), LARGEST_PICKLE);
    StateDictPickle.Content content = StateDictPickle.read(file, pickle);
    require(!pickle.hasRemaining(), file, "pickle: content", "one object", "more");
    Map<String, ZipDirectory.Entry> storages = new LinkedHashMap<>();
    for (String key : content.storages().keySet()) {
      ZipDirectory.Entry entry = entries.get(folder + "data/" + key);
      if (entry != null) {
        storages.put(key, entry);
      }
    }
    return new TorchFile(content.root(), storages, order.equals("big"));
  }

  private static ByteBuffer read(Path file, FileChannel channel, ZipDirectory.Entry entry, int most)
      throws IOException {
    atMost(most, file, "bytes of entry " + quote(entry.name()), entry.size());
    return entry.read(file, channel);
  }

  private static TorchFile legacy(Path file, FileChannel channel) throws IOException {
    ByteBuffer head = ByteBuffer.allocate((int) Math.min(LARGEST_PICKLE, channel.size()));
    Channels.readFully(file, channel, head, 0);
    head.flip();
    boolean magic = MAGIC.equals(StateDictPickle.read(file, head).root());
    require(magic, file, "weights", "a file of torch.save", "a bare pickle");
    Object version = StateDictPickle.read(file, head).root();
    require(version.equals(VERSION), file, "version of torch.save", VERSION, "another");
    StateDictPickle.read(file, head);
    StateDictPickle.Content content = StateDictPickle.read(file, head);
    Object keys = StateDictPickle.read(file, head).root();
    Map<String, ZipDirectory.Entry> storages = new LinkedHashMap<>();
    long at = head.position();
    for (Object key : keys instanceof List<?> list ? list : List.of(keys)) {
      StateDictPickle.Storage storage = key instanceof String k ? content.storages().get(k) : null;
      require(storage != null, file, "keys of the storages", "those of the tensors", "others");
      String what = "storage " + oneLine(storage.key());
      ByteBuffer count = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      Channels.readFully(file, channel, count, at);
      boolean same = count.getLong(0) == storage.elements();
      require(same, file, "elements of " + what, storage.elements(), count.getLong(0));
      int width = storage.type().width();
      require(width > 0, file, what, "of a type of known size", storage.type().name());
      at += 8;
      atMost((channel.size() - at) / width, file, "elements of " + what, storage.elements());
      long bytes = storage.elements() * width;
      storages.put(storage.key(), new ZipDirectory.Entry(storage.key(), at, bytes, bytes, false));
      at += bytes;
    }
    return new TorchFile(content.root(), storages, false);
  }
}
