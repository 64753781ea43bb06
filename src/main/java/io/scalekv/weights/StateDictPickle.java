package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.quote;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reader of the pickles in files of {@code torch.save}. A pickle is a program; this reader runs
 * only the instructions that build numbers, texts, lists, dictionaries and descriptions of tensors.
 * Every other instruction and every class that is not in {@link #GLOBALS} is refused by name, so no
 * code of the file or of the class path ever runs.
 *
 * <p>Dictionaries become {@link LinkedHashMap} and hold their text and integer keys only, lists
 * {@link ArrayList}, tuples {@link Tuple}, tensors {@link RawTensor} or {@link Unreadable},
 * integers {@link Long}, {@code None} {@link #NONE}. Other values, which stand beside the weights
 * of a training file, become {@link #PASSED_OVER}. Nothing is compared, hashed or walked through.
 *
 * @see <a href="https://peps.python.org/pep-0307/">PEP 307, pickle protocol 2</a>
 */
final class StateDictPickle {
  /** {@code None}. */
  static final Object NONE = new Object();

  /** A value that no weight needs: bytes, sets, large or complex numbers, sizes, devices. */
  static final Object PASSED_OVER = new Object();

  /**
   * Elements in their order.
   *
   * @param depth tuples inside one another, 1 for one without tuples
   */
  record Tuple(List<Object> elements, int depth) {}

  /**
   * Storage of numbers in the file.
   *
   * @param type of the numbers; its element is a byte for an untyped storage
   * @param key name in the file
   */
  record Storage(Type type, String key, long elements) {}

  /**
   * Storage class or dtype of PyTorch.
   *
   * @param name in PyTorch
   * @param stored type of the elements, {@link StoredType#OTHER} for one that cannot be read
   * @param dtype whether it is a dtype
   */
  record Type(String name, StoredType stored, boolean dtype) {
    /** Returns the bytes per element, 0 if unknown. */
    int width() {
      return stored != StoredType.OTHER
          ? stored.width()
          : switch (name) {
            case "ComplexFloatStorage" -> 8;
            case "ComplexDoubleStorage" -> 16;
            case "QInt32Storage" -> 4;
            default -> name.startsWith("Q") ? 1 : 0;
          };
    }
  }

  /**
   * A view of a storage.
   *
   * @param type of the elements
   * @param offset first element
   * @param shape sizes, outermost first
   * @param stride elements from one index to the next, by dimension
   * @param negated whether the values are those of the storage with the other sign
   */
  record RawTensor(
      Storage storage, Type type, long offset, long[] shape, long[] stride, boolean negated) {}

  /**
   * A tensor that is no view of a storage of numbers.
   *
   * @param kind name in PyTorch
   */
  record Unreadable(String kind) {}

  /**
   * Objects of a pickle.
   *
   * @param storages all storages that it names, by key
   */
  record Content(Object root, Map<String, Storage> storages) {}

  /** The callables of {@link #GLOBALS}. */
  private enum Callable {
    ORDERED_DICT,
    TENSOR,
    TENSOR_V2,
    TENSOR_V3,
    PARAMETER,
    FROM_TYPE,
    /** Makes a value that is passed over. */
    PLAIN
  }

  /** A name without effect, such as a layout or a class of tensors. */
  private record Name(String name) {}

  /** Maker of a tensor of another kind than a view of numbers. */
  private record Maker(String name) {}

  private static final int MOST_INSTRUCTIONS = 2_000_000;
  private static final int LARGEST_STACK = 1_000_000;
  private static final int LARGEST_MEMO = 1_000_000;
  private static final int DEEPEST = 1000;
  private static final int DEEPEST_KEY = 8;
  private static final int MOST_DIMENSIONS = 32;
  private static final long NO_SIGN = 0xffffffffL;

  /** Modules of harmless classes that people save beside or instead of a state dict. */
  private static final List<String> SAVED_BESIDE =
      List.of("argparse.", "numpy.", "torch.nn.", "__main__.", "omegaconf.", "pathlib.");

  private static final Type UNTYPED = new Type("UntypedStorage", StoredType.U8, false);
  private static final Map<String, Object> GLOBALS = globals();
  private static final Map<Integer, String> REFUSED = refused();

  private final Path file;
  private final ByteBuffer in;
  private final ArrayList<Object> stack = new ArrayList<>();
  private final ArrayList<Integer> marks = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();
  private final Map<String, Storage> storages = new LinkedHashMap<>();

  private StateDictPickle(Path file, ByteBuffer in) {
    this.file = file;
    this.in = in.order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads one pickle from the position of a buffer on, up to its end.
   *
   * @param file for messages
   * @throws WeightsFileException if the pickle is malformed or makes other objects
   */
  static Content read(Path file, ByteBuffer pickle) {
    StateDictPickle reader = new StateDictPickle(file, pickle);
    return new Content(reader.run(), reader.storages);
  }

  private static Map<String, Object> globals() {
    Map<String, Object> known = new HashMap<>();
    known.put("collections.OrderedDict", Callable.ORDERED_DICT);
    known.put("torch._utils._rebuild_tensor", Callable.TENSOR);
    known.put("torch._utils._rebuild_tensor_v2", Callable.TENSOR_V2);
    known.put("torch._utils._rebuild_tensor_v3", Callable.TENSOR_V3);
    known.put("torch._utils._rebuild_parameter", Callable.PARAMETER);
    known.put("torch._utils._rebuild_parameter_with_state", Callable.PARAMETER);
    known.put("torch._tensor._rebuild_from_type_v2", Callable.FROM_TYPE);
    for (String kind :
        "sparse_tensor sparse_csr_tensor qtensor meta_tensor_no_storage nested_tensor".split(" ")) {
      known.put("torch._utils._rebuild_" + kind, new Maker("_rebuild_" + kind));
    }
    for (String plain :
        ("_codecs.encode collections.Counter torch.Size torch.device"
                + " torch.serialization._get_layout numpy.dtype numpy.core.multiarray.scalar"
                + " numpy._core.multiarray.scalar")
            .split(" ")) {
      known.put(plain, Callable.PLAIN);
    }
    for (String plain : List.of("set", "frozenset", "bytearray", "complex")) {
      known.put("builtins." + plain, Callable.PLAIN);
      known.put("__builtin__." + plain, Callable.PLAIN);
    }
    for (String name :
        ("torch.Tensor torch.nn.parameter.Parameter torch.per_tensor_affine"
                + " torch.per_tensor_symmetric torch.per_channel_affine"
                + " torch.per_channel_symmetric torch.per_channel_affine_float_qparams")
            .split(" ")) {
      known.put(name, new Name(name));
    }
    String types =
        "Double:float64:F64 Float:float32:F32 Half:float16:F16 BFloat16:bfloat16:BF16"
            + " Long:int64:I64 Int:int32:I32 Short:int16:I16 Char:int8:I8 Byte:uint8:U8"
            + " Bool:bool:BOOL ComplexFloat:complex64:OTHER ComplexDouble:complex128:OTHER"
            + " QInt8:qint8:OTHER QUInt8:quint8:OTHER QInt32:qint32:OTHER QUInt4x2:quint4x2:OTHER"
            + " QUInt2x4:quint2x4:OTHER :float8_e4m3fn:F8_E4M3 :float8_e5m2:F8_E5M2"
            + " :float8_e4m3fnuz:OTHER :float8_e5m2fnuz:OTHER :float8_e8m0fnu:OTHER"
            + " :float4_e2m1fn_x2:OTHER :uint16:U16 :uint32:U32 :uint64:OTHER :complex32:OTHER"
            + " :bits8:OTHER :bits16:OTHER";
    for (String type : types.split(" ")) {
      String[] names = type.split(":");
      StoredType stored = StoredType.valueOf(names[2]);
      known.put("torch." + names[1], new Type(names[1], stored, true));
      if (!names[0].isEmpty()) {
        String storage = names[0] + "Storage";
        known.put("torch." + storage, new Type(storage, stored, false));
      }
    }
    known.put("torch.storage.UntypedStorage", UNTYPED);
    known.put("torch.UntypedStorage", UNTYPED);
    return Map.copyOf(known);
  }

  /** Instructions by their codes, with their names in Python's pickletools. */
  private static Map<Integer, String> refused() {
    Map<Integer, String> refused = new HashMap<>();
    String names =
        "i INST o OBJ P PERSID S STRING I INT L LONG F FLOAT V UNICODE d DICT l LIST 0 POP"
            + " 1 POP_MARK 2 DUP p PUT g GET 81 NEWOBJ 82 EXT1 83 EXT2 84 EXT4 92 NEWOBJ_EX"
            + " 97 NEXT_BUFFER 98 READONLY_BUFFER";
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
          require(stack.isEmpty() && marks.isEmpty(), "content", "one object", "more");
          return result;
        }
        step(op);
        require(stack.size() <= LARGEST_STACK, "stack", "at most " + LARGEST_STACK, "more");
      }
      throw bad("length", "at most " + MOST_INSTRUCTIONS + " instructions", "more");
    } catch (BufferUnderflowException e) {
      throw bad("last instruction", "STOP", "the end after " + in.limit() + " bytes");
    }
  }

  private void step(int op) {
    switch (op) {
      case 0x95 -> in.getLong(); // FRAME: a hint for streams
      case '(' -> mark();
      case ')' -> push(new Tuple(List.of(), 1));
      case ']' -> push(new ArrayList<>());
      case '}' -> push(new LinkedHashMap<>());
      case 't' -> push(tuple(toMark()));
      case 0x85, 0x86, 0x87 -> push(tuple(top(op - 0x84)));
      case 'N' -> push(NONE);
      case 0x88 -> push(Boolean.TRUE);
      case 0x89 -> push(Boolean.FALSE);
      case 'J' -> push((long) in.getInt());
      case 'K' -> push((long) u8());
      case 'M' -> push((long) (in.getShort() & 0xffff));
      case 0x8a -> push(integer(u8()));
      case 0x8b -> passOver(in.getInt() & NO_SIGN);
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
      case 'X', 'T' -> push(text(in.getInt() & NO_SIGN));
      case 0x8c, 'U' -> push(text(u8()));
      case 0x8d -> push(text(in.getLong()));
      case 'B' -> passOver(in.getInt() & NO_SIGN);
      case 'C' -> passOver(u8());
      case 0x8e, 0x96 -> passOver(in.getLong());
      case 0x8f -> push(PASSED_OVER);
      case 0x90 -> {
        toMark();
        require(target(Object.class) == PASSED_OVER, "target of ADDITEMS", "a set", "another");
      }
      case 0x91 -> {
        toMark();
        push(PASSED_OVER);
      }
      case 'q' -> remember(u8());
      case 'r' -> remember(in.getInt() & NO_SIGN);
      case 0x94 -> remember(memo.size());
      case 'h' -> recall(u8());
      case 'j' -> recall(in.getInt() & NO_SIGN);
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

  private void passOver(long bytes) {
    in.position(in.position() + length(bytes));
    push(PASSED_OVER);
  }

  private Tuple tuple(List<Object> elements) {
    int depth = 1;
    for (Object element : elements) {
      depth = element instanceof Tuple inner ? Math.max(depth, inner.depth() + 1) : depth;
    }
    require(depth <= DEEPEST, "nesting", "at most " + DEEPEST + " deep", "deeper");
    return new Tuple(elements, depth);
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
    if (known == null) {
      String hint =
          SAVED_BESIDE.stream().anyMatch(full::startsWith)
              ? "; in Python, where the file is trusted, save its state dict alone:"
                  + " torch.save(model.state_dict(), \"weights.pth\")"
              : "";
      throw bad("class", "one of a state dict", oneLine(full) + ": refused" + hint);
    }
    return known;
  }

  private Object call(Object callable, List<Object> arguments) {
    if (callable instanceof Maker maker) {
      return new Unreadable(maker.name());
    }
    if (!(callable instanceof Callable known)) {
      throw bad("called object", "a function that makes tensors", describe(callable));
    }
    return switch (known) {
      case PLAIN -> PASSED_OVER;
      case ORDERED_DICT -> orderedDict(arguments);
      case TENSOR, TENSOR_V2, TENSOR_V3 -> tensor(known, arguments);
      case PARAMETER -> {
        count("_rebuild_parameter", arguments, 3, 4);
        yield tensor(arguments.get(0), "_rebuild_parameter");
      }
      case FROM_TYPE -> fromType(arguments);
    };
  }

  /** Returns a dictionary, with the pairs that Python 2 gives to the call. */
  private Object orderedDict(List<Object> arguments) {
    count("OrderedDict", arguments, 0, 1);
    Map<Object, Object> made = new LinkedHashMap<>();
    if (!arguments.isEmpty()) {
      for (Object pair : cast(arguments.get(0), ArrayList.class, "items of OrderedDict")) {
        List<?> items =
            pair instanceof Tuple tuple ? tuple.elements() : cast(pair, ArrayList.class, "item");
        require(items.size() == 2, "item of OrderedDict", "a pair", items.size() + " objects");
        setItem(made, items.get(0), items.get(1));
      }
    }
    return made;
  }

  private void count(String function, List<Object> arguments, int least, int most) {
    int count = arguments.size();
    boolean fits = count >= least && count <= most;
    require(fits, "arguments of " + function, least + " to " + most, count);
  }

  private Object tensor(Object value, String what) {
    return value instanceof Unreadable ? value : cast(value, RawTensor.class, what);
  }

  /** Drops the Python attributes of a tensor, which are plain values. */
  private Object fromType(List<Object> arguments) {
    String name = "_rebuild_from_type_v2";
    count(name, arguments, 4, 4);
    Object maker = arguments.get(0);
    boolean known =
        maker instanceof Maker
            || maker instanceof Callable c
                && c != Callable.ORDERED_DICT
                && c != Callable.PLAIN
                && c != Callable.FROM_TYPE;
    require(known, "function of " + name, "one that makes tensors", describe(maker));
    boolean tensors =
        arguments.get(1) instanceof Name type
            && (type.name().equals("torch.Tensor") || type.name().endsWith(".Parameter"));
    require(tensors, "class of " + name, "torch.Tensor or Parameter", describe(arguments.get(1)));
    Object state = arguments.get(3);
    boolean pair = state instanceof Tuple two && two.elements().size() == 2;
    List<?> states = pair ? ((Tuple) state).elements() : List.of(state);
    boolean plain = states.stream().allMatch(s -> s == NONE || s instanceof Map);
    require(plain, "state of " + name, "None, a dictionary or two", describe(state));
    return call(maker, cast(arguments.get(2), Tuple.class, "arguments").elements());
  }

  private RawTensor tensor(Callable maker, List<Object> arguments) {
    String name = "_rebuild_" + maker.name().toLowerCase(Locale.ROOT);
    switch (maker) {
      case TENSOR -> count(name, arguments, 4, 4);
      case TENSOR_V2 -> count(name, arguments, 6, 7);
      default -> count(name, arguments, 7, 8);
    }
    long[] shape = longs(arguments.get(2), "shape");
    long[] stride = longs(arguments.get(3), "stride");
    require(shape.length == stride.length, "numbers of stride", shape.length, stride.length);
    Storage storage = cast(arguments.get(0), Storage.class, "storage");
    boolean third = maker == Callable.TENSOR_V3;
    Type type = third ? cast(arguments.get(6), Type.class, "dtype") : storage.type();
    require(type.dtype() == third, "dtype of a tensor", "a dtype", type.name());
    int last = third ? 7 : 6;
    boolean negated = arguments.size() > last && negated(arguments.get(last), type);
    long offset = cast(arguments.get(1), Long.class, "storage offset");
    return new RawTensor(storage, type, offset, shape, stride, negated);
  }

  /** Reads the flags of a view that change its values. */
  private boolean negated(Object flags, Type type) {
    if (flags == NONE || type.stored() == StoredType.OTHER) {
      return false;
    }
    boolean negated = false;
    Map<?, ?> all = cast(flags, Map.class, "flags of a tensor");
    for (Map.Entry<?, ?> flag : all.entrySet()) {
      Object set = flag.getValue();
      boolean known =
          Boolean.FALSE.equals(set)
              || Boolean.TRUE.equals(set)
                  && flag.getKey().equals("neg")
                  && type.stored().isFloating();
      require(known, "flags of a tensor", "neg of floats", flag.getKey() + " of " + type.name());
      negated |= Boolean.TRUE.equals(set);
    }
    return negated;
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

  /** Reads {@code ('storage', type, key, place, elements)}; a sixth element must be None. */
  private Storage storage(List<Object> id) {
    boolean five = id.size() == 5 || id.size() == 6 && id.get(5) == NONE;
    boolean known = five && "storage".equals(id.get(0));
    require(known, "persistent id", "('storage', type, key, place, elements)", describe(id));
    Type type = cast(id.get(1), Type.class, "storage type");
    require(!type.dtype(), "storage type", "a storage class", type.name());
    String key = cast(id.get(2), String.class, "storage key");
    Storage storage = new Storage(type, key, cast(id.get(4), Long.class, "storage elements"));
    Storage before = storages.putIfAbsent(key, storage);
    boolean same = before == null || before.equals(storage);
    require(same, "storage " + oneLine(key), "of one type and size", "two");
    return storage;
  }

  /** Drops the attributes of a state dict (versions of its modules) or of a passed-over value. */
  private void build() {
    Object state = pop();
    if (target(Object.class) != PASSED_OVER) {
      cast(state, Map.class, "attributes");
      target(Map.class);
    }
  }

  private void setItems(List<Object> pairs) {
    require(pairs.size() % 2 == 0, "items of SETITEMS", "pairs", pairs.size() + " objects");
    Object target = target(Object.class);
    if (target != PASSED_OVER) {
      Map<?, ?> map = cast(target, Map.class, "target of an instruction");
      for (int i = 0; i < pairs.size(); i += 2) {
        setItem(map, pairs.get(i), pairs.get(i + 1));
      }
    }
  }

  /** Adds an item; one whose key is neither text nor integer is no weight and is passed over. */
  @SuppressWarnings("unchecked")
  private void setItem(Map<?, ?> target, Object key, Object value) {
    boolean flat = !(key instanceof Tuple tuple) || tuple.depth() <= DEEPEST_KEY;
    require(flat, "key of a dictionary", "at most " + DEEPEST_KEY + " tuples deep", "deeper");
    if (key instanceof String || key instanceof Long) {
      Object before = ((Map<Object, Object>) target).put(key, value);
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

  /** Reads a little-endian integer; one beyond 64 bits stays a {@link BigInteger}. */
  private Object integer(int length) {
    byte[] bytes = new byte[length(length)];
    for (int i = length - 1; i >= 0; i--) {
      bytes[i] = in.get();
    }
    if (length == 0) {
      return 0L;
    }
    BigInteger value = new BigInteger(bytes);
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  /** Checks that the bytes are there and returns their number. */
  private int length(long bytes) {
    WeightsFileException.atMost(in.remaining(), file, "pickle: bytes of a value", bytes);
    return (int) bytes;
  }

  private String text(long length) {
    byte[] bytes = new byte[length(length)];
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
      case "Type" -> "a storage class or dtype";
      case "Unreadable" -> "a tensor of another kind";
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
    if (value == PASSED_OVER || value instanceof BigInteger) {
      return "another value";
    }
    return value instanceof Callable || value instanceof Name || value instanceof Maker
        ? "a function or class"
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
