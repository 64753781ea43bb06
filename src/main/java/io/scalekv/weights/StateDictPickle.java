package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.quote;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reader of the pickle inside an archive of {@code torch.save}. A pickle is a program; this reader
 * runs only the instructions that build numbers, texts, lists, dictionaries and descriptions of
 * tensors. Every other instruction and every class that is not in {@link #GLOBALS} is refused by
 * name, so no code of the file or of the class path ever runs.
 *
 * <p>Dictionaries become {@link LinkedHashMap}, lists {@link ArrayList}, tuples {@link Tuple},
 * tensors {@link RawTensor}; integers are {@link Long}, {@code None} is {@link #NONE}.
 *
 * @see <a href="https://peps.python.org/pep-0307/">PEP 307, pickle protocol 2</a>
 */
final class StateDictPickle {
  /** {@code None}. */
  static final Object NONE = new Object();

  /** Elements in their order. */
  record Tuple(List<Object> elements) {}

  /**
   * Storage of numbers in the archive.
   *
   * @param type of the numbers
   * @param key name of the archive entry, without its folder
   * @param elements number of elements
   */
  record Storage(StoredType type, String key, long elements) {}

  /**
   * A view of a storage.
   *
   * @param storage the numbers
   * @param offset first element
   * @param shape sizes, outermost first
   * @param stride elements from one index to the next, by dimension
   */
  record RawTensor(Storage storage, long offset, long[] shape, long[] stride) {}

  /** The callables of {@link #GLOBALS}. */
  private enum Callable {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_PARAMETER
  }

  /** A name of the {@code torch} module without effect, such as a dtype. */
  private record Name(String name) {}

  private static final int MOST_INSTRUCTIONS = 2_000_000;
  private static final int LARGEST_STACK = 1_000_000;
  private static final int LARGEST_MEMO = 1_000_000;
  private static final int DEEPEST = 64;
  private static final int MOST_DIMENSIONS = 32;
  private static final Map<String, Object> GLOBALS = globals();
  private static final Map<Integer, String> REFUSED = refused();

  private final Path file;
  private final ByteBuffer in;
  private final ArrayList<Object> stack = new ArrayList<>();
  private final ArrayList<Integer> marks = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();

  private StateDictPickle(Path file, byte[] pickle) {
    this.file = file;
    this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads the object of a pickle.
   *
   * @param file for messages
   * @throws WeightsFileException if the pickle is malformed or makes other objects
   */
  static Object read(Path file, byte[] pickle) {
    return new StateDictPickle(file, pickle).run();
  }

  private static Map<String, Object> globals() {
    Map<String, Object> known = new HashMap<>();
    known.put("collections.OrderedDict", Callable.ORDERED_DICT);
    known.put("torch._utils._rebuild_tensor_v2", Callable.REBUILD_TENSOR);
    known.put("torch._utils._rebuild_parameter", Callable.REBUILD_PARAMETER);
    known.put("torch.DoubleStorage", StoredType.F64);
    known.put("torch.FloatStorage", StoredType.F32);
    known.put("torch.HalfStorage", StoredType.F16);
    known.put("torch.BFloat16Storage", StoredType.BF16);
    known.put("torch.LongStorage", StoredType.I64);
    known.put("torch.IntStorage", StoredType.I32);
    known.put("torch.ShortStorage", StoredType.I16);
    known.put("torch.CharStorage", StoredType.I8);
    known.put("torch.ByteStorage", StoredType.U8);
    known.put("torch.BoolStorage", StoredType.BOOL);
    String dtypes = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool";
    for (String dtype : dtypes.split(" ")) {
      known.put("torch." + dtype, new Name(dtype));
    }
    return Map.copyOf(known);
  }

  /** Instructions by their codes, with their names in Python's pickletools. */
  private static Map<Integer, String> refused() {
    Map<Integer, String> refused = new HashMap<>();
    String names =
        "i INST o OBJ P PERSID S STRING I INT L LONG F FLOAT V UNICODE T BINSTRING"
            + " U SHORT_BINSTRING B BINBYTES C SHORT_BINBYTES d DICT l LIST 0 POP 1 POP_MARK 2 DUP"
            + " p PUT g GET 81 NEWOBJ 82 EXT1 83 EXT2 84 EXT4 8b LONG4 8e BINBYTES8 8f EMPTY_SET"
            + " 90 ADDITEMS 91 FROZENSET 92 NEWOBJ_EX 96 BYTEARRAY8 97 NEXT_BUFFER"
            + " 98 READONLY_BUFFER";
    String[] words = names.split(" ");
    for (int i = 0; i < words.length; i += 2) {
      int code = words[i].length() == 1 ? words[i].charAt(0) : Integer.parseInt(words[i], 16);
      refused.put(code, words[i + 1]);
    }
    return Map.copyOf(refused);
  }

  private Object run() {
    try {
      int first = u8();
      int protocol = u8();
      require(first == 0x80, "first byte", 0x80, first);
      require(protocol >= 2 && protocol <= 5, "protocol", "2 to 5", protocol);
      for (int done = 0; done < MOST_INSTRUCTIONS; done++) {
        int op = u8();
        if (op == '.') {
          Object result = pop();
          boolean single = stack.isEmpty() && marks.isEmpty() && !in.hasRemaining();
          require(single, "content", "one object", "more");
          return result;
        }
        step(op);
        require(stack.size() <= LARGEST_STACK, "stack", "at most " + LARGEST_STACK, "more");
      }
      throw bad("length", "at most " + MOST_INSTRUCTIONS + " instructions", "more");
    } catch (BufferUnderflowException e) {
      throw bad("last instruction", "STOP", "the end after " + in.capacity() + " bytes");
    }
  }

  private void step(int op) {
    switch (op) {
      case 0x95 -> in.getLong(); // FRAME: a hint for streams
      case '(' -> mark();
      case ')' -> push(new Tuple(List.of()));
      case ']' -> push(new ArrayList<>());
      case '}' -> push(new LinkedHashMap<>());
      case 't' -> push(new Tuple(toMark()));
      case 0x85, 0x86, 0x87 -> push(new Tuple(top(op - 0x84)));
      case 'N' -> push(NONE);
      case 0x88 -> push(Boolean.TRUE);
      case 0x89 -> push(Boolean.FALSE);
      case 'J' -> push((long) in.getInt());
      case 'K' -> push((long) u8());
      case 'M' -> push((long) (in.getShort() & 0xffff));
      case 0x8a -> push(long1());
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
      case 'X' -> push(text(in.getInt() & 0xffffffffL));
      case 0x8c -> push(text(u8()));
      case 0x8d -> push(text(in.getLong()));
      case 'q' -> remember(u8());
      case 'r' -> remember(in.getInt() & 0xffffffffL);
      case 0x94 -> remember(memo.size());
      case 'h' -> recall(u8());
      case 'j' -> recall(in.getInt() & 0xffffffffL);
      case 'c' -> push(global(line(), line()));
      case 0x93 -> {
        String name = pop(String.class, "name");
        push(global(pop(String.class, "module"), name));
      }
      case 'R' -> {
        Tuple arguments = pop(Tuple.class, "arguments");
        push(call(pop(), arguments.elements()));
      }
      case 'b' -> build();
      case 's' -> {
        List<Object> pair = top(2);
        setItems(pair);
      }
      case 'u' -> setItems(toMark());
      case 'a' -> appendItems(top(1));
      case 'e' -> appendItems(toMark());
      case 'Q' -> push(storage(pop(Tuple.class, "persistent id").elements()));
      default ->
          throw bad(
              "instruction at byte " + (in.position() - 1),
              "one that describes tensors",
              REFUSED.getOrDefault(op, "unknown code " + op));
    }
  }

  private void mark() {
    require(marks.size() != DEEPEST, "nesting", "at most " + DEEPEST + " deep", "deeper");
    marks.add(stack.size());
  }

  private List<Object> toMark() {
    require(!marks.isEmpty(), "stack", "marked", "no mark");
    return top(stack.size() - marks.remove(marks.size() - 1));
  }

  /** Takes the last objects off the stack, but none from below the last mark. */
  private List<Object> top(int count) {
    int there = stack.size() - floor();
    require(count <= there, "objects on the stack", "at least " + count, there);
    List<Object> last = stack.subList(stack.size() - count, stack.size());
    List<Object> taken = new ArrayList<>(last);
    last.clear();
    return taken;
  }

  private int floor() {
    return marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object pop() {
    return top(1).get(0);
  }

  private <T> T pop(Class<T> type, String what) {
    return cast(pop(), type, what);
  }

  private <T> T cast(Object value, Class<T> type, String what) {
    require(type.isInstance(value), what, typeName(type), describe(value));
    return type.cast(value);
  }

  private void remember(long index) {
    require(index < LARGEST_MEMO, "memo index", "below " + LARGEST_MEMO, index);
    require(stack.size() != floor(), "objects on the stack", "at least 1", 0);
    memo.put(index, stack.get(stack.size() - 1));
  }

  private void recall(long index) {
    Object value = memo.get(index);
    require(value != null, "memo index", "in use", index);
    push(value);
  }

  private Object global(String module, String name) {
    String full = module + "." + name;
    Object known = GLOBALS.get(full);
    require(known != null, "class", "one of a state dict", oneLine(full) + ": refused");
    return known;
  }

  private Object call(Object callable, List<Object> arguments) {
    if (callable == Callable.ORDERED_DICT) {
      require(arguments.isEmpty(), "arguments of OrderedDict", 0, arguments.size());
      return new LinkedHashMap<>();
    }
    if (callable == Callable.REBUILD_TENSOR) {
      return tensor(arguments);
    }
    if (callable == Callable.REBUILD_PARAMETER) {
      require(arguments.size() == 3, "arguments of _rebuild_parameter", 3, arguments.size());
      return cast(arguments.get(0), RawTensor.class, "_rebuild_parameter");
    }
    throw bad("called object", "a function that makes tensors", describe(callable));
  }

  private RawTensor tensor(List<Object> arguments) {
    int count = arguments.size();
    require(count == 6 || count == 7, "arguments of _rebuild_tensor_v2", "6 or 7", count);
    long[] shape = longs(arguments.get(2), "shape");
    long[] stride = longs(arguments.get(3), "stride");
    require(shape.length == stride.length, "numbers of stride", shape.length, stride.length);
    return new RawTensor(
        cast(arguments.get(0), Storage.class, "storage"),
        cast(arguments.get(1), Long.class, "storage offset"),
        shape,
        stride);
  }

  private long[] longs(Object value, String what) {
    List<Object> elements = cast(value, Tuple.class, what).elements();
    int count = elements.size();
    WeightsFileException.atMost(MOST_DIMENSIONS, file, "pickle: numbers of " + what, count);
    long[] numbers = new long[elements.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = cast(elements.get(i), Long.class, what);
    }
    return numbers;
  }

  /** Reads {@code ('storage', type, key, place, elements)}. */
  private Storage storage(List<Object> id) {
    boolean known = id.size() == 5 && "storage".equals(id.get(0));
    require(known, "persistent id", "('storage', type, key, place, elements)", describe(id));
    return new Storage(
        cast(id.get(1), StoredType.class, "storage type"),
        cast(id.get(2), String.class, "storage key"),
        cast(id.get(4), Long.class, "storage elements"));
  }

  /** Drops the attributes of a state dict (versions of its modules). */
  private void build() {
    cast(pop(), Map.class, "attributes");
    target(Map.class);
  }

  @SuppressWarnings("unchecked")
  private void setItems(List<Object> pairs) {
    Map<Object, Object> target = target(Map.class);
    require(pairs.size() % 2 == 0, "items of SETITEMS", "pairs", pairs.size() + " objects");

    for (int i = 0; i < pairs.size(); i += 2) {
      Object key = pairs.get(i);
      boolean plain = key instanceof String || key instanceof Long;
      require(plain, "key of a dictionary", "a text or an integer", describe(key));
      Object before = target.put(key, pairs.get(i + 1));
      require(before == null, "key of a dictionary", "unique", quote(key.toString()));
    }
  }

  @SuppressWarnings("unchecked")
  private void appendItems(List<Object> items) {
    target(ArrayList.class).addAll(items);
  }

  /** Returns the object on top of the stack, which stays there. */
  private <T> T target(Class<T> type) {
    require(stack.size() != floor(), "objects on the stack", "at least 1", 0);
    return cast(stack.get(stack.size() - 1), type, "target of an instruction");
  }

  private int u8() {
    return in.get() & 0xff;
  }

  private long long1() {
    int length = u8();
    require(length <= 8, "integer", "below 2^63", "one of " + length + " bytes");
    long value = 0;
    for (int i = 0; i < length; i++) {
      value |= (long) u8() << 8 * i;
    }
    int unused = 64 - 8 * length;
    return length == 0 ? 0 : value << unused >> unused;
  }

  private String text(long length) {
    WeightsFileException.atMost(in.remaining(), file, "pickle: bytes of a text", length);
    byte[] bytes = new byte[(int) length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String line() {
    int start = in.position();
    for (int at = start; at < in.limit(); at++) {
      if (in.get(at) == '\n') {
        String line = text((long) at - start);
        in.get();
        return line;
      }
    }
    throw new BufferUnderflowException();
  }

  private static String typeName(Class<?> type) {
    return switch (type.getSimpleName()) {
      case "RawTensor" -> "a tensor";
      case "Tuple" -> "a tuple";
      case "Storage" -> "a storage";
      case "StoredType" -> "a storage class";
      case "Long" -> "an integer";
      case "String" -> "a text";
      case "ArrayList" -> "a list";
      default -> "a dictionary";
    };
  }

  /** Returns the kind of an object, never its contents. */
  private static String describe(Object value) {
    if (value == NONE) {
      return "None";
    }
    if (value instanceof Boolean || value instanceof Double) {
      return value.toString();
    }
    return value instanceof Callable || value instanceof Name
        ? "a function or dtype"
        : typeName(value.getClass());
  }

  private void require(boolean holds, String subject, Object condition, Object got) {
    if (!holds) {
      throw bad(subject, condition, got);
    }
  }

  private WeightsFileException bad(String subject, Object condition, Object got) {
    return WeightsFileException.in(file, "pickle: " + subject, condition, got);
  }
}
