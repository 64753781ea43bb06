package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Archives that try to run code, exhaust memory, or read outside their storages. */
class HostilePthTest {
  private static final long[] THREE = {3};
  private static final long[] ONE = {1};

  @TempDir Path folder;

  private void assertRefused(String expected, Path file) {
    Exception e = assertThrows(WeightsFileException.class, () -> readAll(file));
    assertTrue(e.getMessage().contains(expected), e.getMessage());
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    assertTrue(e.getMessage().length() < 600, e.getMessage());
  }

  private static void readAll(Path file) {
    try (TensorSource source = TensorSource.open(file)) {
      source.names().forEach(source::bytes);
    }
  }

  private Path archive(byte[] pickle) {
    return RawZip.of(folder.resolve("x.pth"))
        .add("x/data.pkl", pickle)
        .add("x/data/0", new byte[12])
        .close();
  }

  private static RawPickle p() {
    return RawPickle.start();
  }

  private static Arguments pickle(String message, byte[] pickle) {
    return arguments(message, pickle);
  }

  private static Arguments tensor(
      String message, String type, String key, long elements, long offset, long[] shape, long[] s) {
    RawPickle p = p().op('}').text("w").tensor(type, key, elements, offset, shape, s);
    return pickle(message, p.op('s').stop());
  }

  private static Arguments floats(String message, long offset, long[] shape, long[] stride) {
    return tensor(message, "FloatStorage", "0", 3, offset, shape, stride);
  }

  private static byte[] repeated(int code, int times) {
    byte[] ops = new byte[times + 2];
    Arrays.fill(ops, (byte) code);
    ops[0] = (byte) 0x80;
    ops[1] = 2;
    return ops;
  }

  /** A list that grows while the stack stays small. */
  private static byte[] pushAndDrop(int times) {
    RawPickle p = p().op(']');
    for (int i = 0; i < times; i++) {
      p.op(']', 'a', ')', 'a');
    }
    return p.op('.').cut();
  }

  private static byte[] call(String module, String name) {
    return p().global(module, name).text("touch /tmp/x").op(0x85, 'R').stop();
  }

  static Stream<Arguments> pickles() {
    return Stream.of(
        // classes and functions
        pickle("got os.system: refused", call("os", "system")),
        pickle("got posix.system: refused", call("posix", "system")),
        pickle("got builtins.eval: refused", call("builtins", "eval")),
        pickle("got __builtin__.exec: refused", call("__builtin__", "exec")),
        pickle("got subprocess.Popen: refused", call("subprocess", "Popen")),
        pickle("got torch.load: refused", call("torch", "load")),
        pickle("got torch.hub.load: refused", call("torch.hub", "load")),
        pickle("arguments of _rebuild_tensor", call("torch._utils", "_rebuild_tensor")),
        pickle("got collections.defaultdict: refused", call("collections", "defaultdict")),
        pickle("got argparse.Namespace: refused", call("argparse", "Namespace")),
        pickle("got java.lang.Runtime: refused", call("java.lang", "Runtime")),
        pickle(
            "got numpy.core.multiarray._reconstruct: refused",
            call("numpy.core.multiarray", "_reconstruct")),
        pickle("got a\\u0001b.c: refused", call("a\u0001b", "c")),
        pickle(
            "got os.system: refused",
            p().op(0x8c, 2, 'o', 's', 0x8c, 6, 's', 'y', 's', 't', 'e', 'm', 0x93).stop()),
        pickle("pickle: class", call("x".repeat(5000), "y")),
        // known names in other roles
        pickle("called object", p().global("torch", "FloatStorage").op(')', 'R').stop()),
        pickle("called object", p().global("torch", "float32").op(')', 'R').stop()),
        pickle("called object", p().text("eval").op(')', 'R').stop()),
        pickle(
            "arguments of OrderedDict",
            p().global("collections", "OrderedDict").op(']', ']', 0x86, 'R').stop()),
        pickle(
            "arguments of _rebuild_tensor_v2",
            p().global("torch._utils", "_rebuild_tensor_v2").op(')', 'R').stop()),
        pickle(
            "_rebuild_parameter",
            p().global("torch._utils", "_rebuild_parameter").op('N', 'N', 'N', 0x87, 'R').stop()),
        pickle("target of an instruction", p().op(']', '}', 'b').stop()),
        pickle("got a list", p().op('}', ']', 'b').stop()),
        pickle("persistent id", p().text("module").op(0x85, 'Q').stop()),
        pickle("got a text", p().text("0").op('Q').stop()),
        // instructions
        pickle("got INST", p().op('(', 'i').stop()),
        pickle("got OBJ", p().op('(', 'o').stop()),
        pickle("got NEWOBJ", p().orderedDict().op(')', 0x81).stop()),
        pickle("got NEWOBJ_EX", p().op(')', 0x92).stop()),
        pickle("got EXT1", p().op(0x82, 1).stop()),
        pickle("got PERSID", p().op('P', '0', '\n').stop()),
        pickle("got NEXT_BUFFER", p().op(0x97).stop()),
        pickle("bytes of a value", p().op(0x96).int64(Long.MAX_VALUE).stop()),
        pickle("bytes of a value", p().op(0x8e).int64(Long.MAX_VALUE).stop()),
        pickle("bytes of a value", p().op(0x8b).int32(Integer.MAX_VALUE).stop()),
        pickle("got unknown code 255", p().op(255).stop()),
        pickle("first byte", new byte[] {'N', '.'}),
        pickle("got 6", new byte[] {(byte) 0x80, 6, 'N', '.'}),
        // sizes
        pickle("bytes of a value", p().op('X').int32(Integer.MAX_VALUE).stop()),
        pickle("bytes of a value", p().op('X').int32(-1).stop()),
        pickle("bytes of a value", p().op(0x8d).int64(Long.MIN_VALUE).stop()),
        pickle("memo index", p().op('N', 'r').int32(-1).stop()),
        pickle("memo index must be in use, got 9", p().op('h', 9).stop()),
        pickle("nesting", repeated('(', 100_000)),
        pickle("pickle: stack", repeated(']', 1_500_000)),
        pickle("length must be at most 2000000", pushAndDrop(600_000)),
        pickle("last instruction", repeated('N', 10)),
        pickle("last instruction", p().op('}').text("w").cut()),
        pickle("last instruction", new byte[0]),
        pickle("last instruction", p().op('c', 'o', 's').cut()),
        // the stack
        pickle("objects on the stack must be at least 1, got 0", p().stop()),
        pickle("objects on the stack must be at least 3, got 1", p().op('N', 0x87).stop()),
        pickle("stack", p().op('t').stop()),
        pickle("objects on the stack must be at least 1, got 0", p().op('N', '(', 'a').stop()),
        pickle("target of an instruction", p().op(']', 'N', 'N', 's').stop()),
        pickle("items of SETITEMS", p().op('}', '(', 'N', 'u').stop()),
        pickle("target of an instruction", p().op('}', 'N', 'a').stop()),
        pickle("got \"a\"", p().op('}', '(').text("a").op('N').text("a").op('N', 'u').stop()),
        pickle("content", p().op('N', 'N').stop()),
        pickle("content", p().op('N', '.', 'N').stop()),
        // no state dict
        pickle("state dict", p().op('N').stop()),
        pickle("got the keys a", p().op('}').text("a").op('N', 's').stop()),
        // tensors
        floats("got [3] stride [1] from 1", 1, THREE, ONE),
        floats("got [3] stride [2] from 0", 0, THREE, new long[] {2}),
        floats("got [3] stride [-1] from 2", 2, THREE, new long[] {-1}),
        floats("got [-3] stride [1] from 0", 0, new long[] {-3}, ONE),
        floats("got [3] stride [1] from -1", -1, THREE, ONE),
        floats("got [] stride [] from 3", 3, new long[0], new long[0]),
        floats("got [0] stride [1] from 4", 4, new long[] {0}, ONE),
        floats("less than 2^63 bytes", 0, new long[] {1L << 62, 4}, new long[] {0, 0}),
        floats("at most 1048576", 0, new long[] {Long.MAX_VALUE}, new long[] {0}),
        floats("less than 2^63 bytes", 0, new long[] {3, 3}, new long[] {Long.MAX_VALUE, 1}),
        floats("less than 2^63 bytes", Long.MAX_VALUE, new long[] {2}, ONE),
        floats("got [1048577] stride [0] from 0", 0, new long[] {(1 << 20) + 1}, new long[] {0}),
        floats("at most 1048576", 0, new long[] {1 << 15, 1 << 15}, new long[] {0, 0}),
        floats("numbers of stride must be 1, got 2", 0, THREE, new long[] {1, 1}),
        floats("numbers of shape must be at most 32, got 33", 0, new long[33], new long[33]),
        tensor("got 4 elements", "FloatStorage", "0", 4, 0, THREE, ONE),
        tensor("got 3 elements", "DoubleStorage", "0", 3, 0, THREE, ONE),
        tensor("got -3 elements", "FloatStorage", "0", -3, 0, THREE, ONE),
        tensor(
            "got 4611686018427387907 elements", "FloatStorage", "0", (1L << 62) + 3, 0, THREE, ONE),
        tensor("got 1", "FloatStorage", "1", 3, 0, THREE, ONE),
        tensor("got ../../etc/passwd", "FloatStorage", "../../etc/passwd", 3, 0, THREE, ONE),
        tensor("got QInt8Storage", "QInt8Storage", "0", 3, 0, THREE, ONE));
  }

  @ParameterizedTest
  @MethodSource("pickles")
  void hostilePicklesAreRefusedByName(String message, byte[] pickle) {
    assertRefused(message, archive(pickle));
  }

  private static final byte[] SOUND =
      RawPickle.start()
          .op('}')
          .text("w")
          .tensor("FloatStorage", "0", 3, 0, THREE, ONE)
          .op('s')
          .stop();

  private static Arguments zip(String message, Consumer<RawZip> change) {
    return arguments(message, change);
  }

  static Stream<Arguments> zips() {
    return Stream.of(
        zip("got compression method 9", z -> z.entries().get(0).method = 9),
        zip("got damaged bytes", z -> z.entries().get(0).method = 8),
        zip("unencrypted", z -> z.entries().get(1).flags |= 1),
        zip("must be 11, got 12", z -> z.entries().get(1).compressed = 11),
        zip(
            "bytes of entry \"x/data/0\"",
            z -> {
              z.entries().get(1).size = 1 << 30;
              z.entries().get(1).compressed = 1 << 30;
            }),
        zip(
            "end of entry \"x/data/0\"",
            z -> {
              z.entries().get(1).size = 100;
              z.entries().get(1).compressed = 100;
            }),
        zip("first byte of entry", z -> z.entries().get(1).header = z.entries().get(0).header),
        zip("of the same name", z -> z.entries().get(1).header++),
        zip("got 2147483647", z -> z.entries().get(1).header = Integer.MAX_VALUE),
        zip("entry \"x/data/0\" must be unique", z -> z.add("x/data/0", new byte[12])),
        zip("FOLDER/data.pkl must be 1, got 2", z -> z.add("y/data.pkl", SOUND)),
        zip("name of entry", z -> z.add("x/../../y", new byte[1])),
        zip("name of entry", z -> z.add("/etc/passwd", new byte[1])),
        zip("name of entry", z -> z.add("x\\y", new byte[1])),
        zip("name of entry", z -> z.add("C:y", new byte[1])),
        zip("name of entry", z -> z.add("x/\n", new byte[1])),
        zip("name of entry", z -> z.add("", new byte[1])),
        zip("got \"odd\"", z -> z.add("x/byteorder", "odd".getBytes(StandardCharsets.US_ASCII))),
        zip("a TorchScript archive", z -> z.add("x/constants.pkl", new byte[1])),
        zip(
            "bytes of entry \"x/byteorder\" must be at most 64, got 65",
            z -> z.add("x/byteorder", new byte[65])));
  }

  @ParameterizedTest
  @MethodSource("zips")
  void malformedArchivesAreRefused(String message, Consumer<RawZip> change) {
    for (boolean zip64 : new boolean[] {false, true}) {
      RawZip zip = RawZip.of(folder.resolve("z" + zip64));
      zip.add("x/data.pkl", SOUND).add("x/data/0", new byte[12]);
      change.accept(zip);
      assertRefused(message, zip.close(zip64));
    }
  }

  @Test
  void archivesWithoutAPickleAreRefused() {
    Path file = RawZip.of(folder.resolve("none")).add("x/version", new byte[] {'3'}).close();
    assertRefused("FOLDER/data.pkl must be 1, got 0", file);
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    Path sound = archive(SOUND);
    TensorSource.open(sound).close();
    byte[] bytes = Files.readAllBytes(sound);
    Path cut = folder.resolve("cut");
    for (int length = 0; length < bytes.length; length++) {
      Files.write(cut, Arrays.copyOf(bytes, length));
      assertThrows(WeightsFileException.class, () -> TensorSource.open(cut).close());
    }
  }

  /** A changed byte is refused in one line or leaves a readable file. */
  @Test
  void changedBytesAreRefusedOrHarmless() throws IOException {
    byte[] bytes = Files.readAllBytes(archive(SOUND));
    Random random = new Random(1);
    Path changed = folder.resolve("changed");
    int refused = 0;
    for (int i = 0; i < 800; i++) {
      byte[] copy = bytes.clone();
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        copy[random.nextInt(copy.length)] = (byte) random.nextInt(256);
      }
      Files.write(changed, copy);
      try (TensorSource source = TensorSource.open(changed)) {
        source.names().forEach(name -> source.info(name).elements());
      } catch (WeightsFileException e) {
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        refused++;
      }
    }
    assertTrue(refused > 300, "refused " + refused);
  }
}
