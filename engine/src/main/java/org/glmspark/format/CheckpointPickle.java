package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;

/// The pickle of a checkpoint, a program for a stack machine, run by an interpreter that knows the
/// opcodes of such files and makes nothing but their tensors: there are no classes to load, and the
/// few names that a pickle may use are the constants below.
///
/// ```
/// dictionary ── "norm.weight" ── _rebuild_tensor_v2(storage "7", offset, shape, strides, …)
///                                                        │
///                                    _metadata: ignored  └─▶ bytes of the zip entry data/7
/// ```
///
/// The first value is the dictionary of tensors; entries of all other dictionaries are dropped.
/// Bounded: the size of the pickle, the depth of the stack, the elements of a tuple, the tensors
/// and their names, and by the size of the pickle the slots of the memo and the number of values.
///
/// Source: <https://github.com/python/cpython/blob/3.13/Lib/pickletools.py>, protocol 2
final class CheckpointPickle {

  private static final int PROTO = 0x80;
  private static final int TUPLE1 = 0x85;
  private static final int TUPLE2 = 0x86;
  private static final int TUPLE3 = 0x87;
  private static final int NEWTRUE = 0x88;
  private static final int NEWFALSE = 0x89;
  private static final int LONG1 = 0x8a;
  private static final int MARK = '(';
  private static final int EMPTY_TUPLE = ')';
  private static final int STOP = '.';
  private static final int BININT = 'J';
  private static final int BININT1 = 'K';
  private static final int BININT2 = 'M';
  private static final int NONE = 'N';
  private static final int BINPERSID = 'Q';
  private static final int REDUCE = 'R';
  private static final int BINUNICODE = 'X';
  private static final int BUILD = 'b';
  private static final int GLOBAL = 'c';
  private static final int BINGET = 'h';
  private static final int LONG_BINGET = 'j';
  private static final int BINPUT = 'q';
  private static final int LONG_BINPUT = 'r';
  private static final int SETITEM = 's';
  private static final int TUPLE = 't';
  private static final int SETITEMS = 'u';
  private static final int EMPTY_DICT = '}';

  private static final int PROTOCOL = 2;
  private static final int MAX_PICKLE_BYTES = 100_000_000; // as the header of safetensors
  private static final int MAX_STACK = 10_000; // Python sets the entries of a dictionary by 1,000
  private static final int MAX_MARKS = 100;
  private static final int MAX_TUPLE = 64;
  private static final int MAX_GLOBAL_LENGTH = 200;
  private static final int MAX_TENSORS = 100_000;
  private static final int MAX_NAME_LENGTH = 1024;

  /// A value takes 7 bytes of pickle or more, where it is one of a tensor with a name of one
  /// letter.
  private static final int LEAST_BYTES_OF_VALUE = 6;

  private static final int SPARE_VALUES = 1000;

  private sealed interface Value {}

  private enum Constant implements Value {
    NONE("None"),
    TRUE("True"),
    FALSE("False"),
    TENSORS("the dictionary of tensors"),
    OTHER_DICTIONARY("a dictionary");

    private final String description;

    Constant(String description) {
      this.description = description;
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /// What a pickle may call.
  private enum Function implements Value {
    ORDERED_DICTIONARY("collections OrderedDict"),
    TENSOR("torch._utils _rebuild_tensor_v2"),
    PARAMETER("torch._utils _rebuild_parameter");

    private final String global;

    Function(String global) {
      this.global = global;
    }

    @Override
    public String toString() {
      return global;
    }
  }

  /// What a pickle may name as the type of a storage.
  private enum StorageType implements Value {
    DOUBLE("torch DoubleStorage", DType.F64),
    FLOAT("torch FloatStorage", DType.F32),
    HALF("torch HalfStorage", DType.F16),
    BFLOAT16("torch BFloat16Storage", DType.BF16),
    LONG("torch LongStorage", DType.I64),
    INT("torch IntStorage", DType.I32),
    SHORT("torch ShortStorage", DType.I16),
    CHAR("torch CharStorage", DType.I8),
    BYTE("torch ByteStorage", DType.U8),
    BOOL("torch BoolStorage", DType.BOOL);

    private final String global;
    private final DType dtype;

    StorageType(String global, DType dtype) {
      this.global = global;
      this.dtype = dtype;
    }

    @Override
    public String toString() {
      return global;
    }
  }

  private record Whole(long value) implements Value {
    @Override
    public String toString() {
      return Long.toString(value);
    }
  }

  /// Text that nobody may ask for, so it stays in the pickle.
  private record Text(MemorySegment bytes) implements Value {
    @Override
    public String toString() {
      return "a text of %d bytes".formatted(bytes.byteSize());
    }
  }

  private record Tuple(List<Value> elements) implements Value {
    private static final Tuple EMPTY = new Tuple(List.of());

    @Override
    public String toString() {
      return "a tuple of " + elements.size();
    }
  }

  private record Storage(String key, DType dtype, long elements, MemorySegment bytes)
      implements Value {
    @Override
    public String toString() {
      return "a storage";
    }
  }

  private record View(DType dtype, List<Long> shape, MemorySegment bytes) implements Value {
    @Override
    public String toString() {
      return "a tensor";
    }
  }

  private final MappedFile file;
  private final MemorySegment segment;
  private final ByteBuffer pickle;
  private final Map<String, MemorySegment> entries;

  private final ArrayList<Value> stack = new ArrayList<>();
  private final ArrayList<Integer> marks = new ArrayList<>();
  private final ArrayList<Value> memo = new ArrayList<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final int mostValues;
  private int values;

  /// Where the opcode that is carried out stands, for messages.
  private int position;

  /// @param pickle the entry `data.pkl` of the file
  /// @param entries all entries of the file, with the storages as `data/KEY`
  /// @throws MalformedModelException if the pickle is larger than that of any model
  CheckpointPickle(MappedFile file, MemorySegment pickle, Map<String, MemorySegment> entries) {
    if (pickle.byteSize() > MAX_PICKLE_BYTES) {
      throw new MalformedModelException(
          file.name(),
          "data.pkl",
          "has %d bytes, expected at most %d".formatted(pickle.byteSize(), MAX_PICKLE_BYTES));
    }
    this.file = file;
    this.segment = pickle;
    this.pickle = pickle.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    this.entries = entries;
    mostValues = this.pickle.capacity() / LEAST_BYTES_OF_VALUE + SPARE_VALUES;
  }

  /// Runs the program to its end.
  ///
  /// @return the tensors by name, in the order in which the pickle names them
  /// @throws MalformedModelException if it is cut off or does anything other than to name tensors
  Map<String, Tensor> run() {
    try {
      if (unsignedByte() != PROTO || unsignedByte() != PROTOCOL) {
        throw malformed("does not begin as a pickle of protocol 2, expected bytes 0x80 0x02");
      }
      do {
        position = pickle.position();
      } while (execute(unsignedByte()));
    } catch (BufferUnderflowException e) {
      throw new MalformedModelException(
          file.name(), place(), "the pickle ends within an opcode or before STOP", e);
    }
    if (pickle.hasRemaining()) {
      throw malformed("%d bytes follow STOP, expected none".formatted(pickle.remaining()));
    }
    if (stack.size() != 1 || stack.getFirst() != Constant.TENSORS || !marks.isEmpty()) {
      throw malformed("STOP leaves something other than one dictionary of tensors");
    }
    return tensors;
  }

  /// @return whether the program goes on
  private boolean execute(int opcode) {
    switch (opcode) {
      case EMPTY_DICT -> push(dictionary());
      case BINUNICODE -> push(counted(new Text(bytes(unsignedInt()))));
      case BININT1 -> push(whole(unsignedByte()));
      case BININT2 -> push(whole(Short.toUnsignedInt(pickle.getShort())));
      case BININT -> push(whole(pickle.getInt()));
      case LONG1 -> push(whole(longOfBytes(unsignedByte())));
      case NONE -> push(Constant.NONE);
      case NEWTRUE -> push(Constant.TRUE);
      case NEWFALSE -> push(Constant.FALSE);
      case EMPTY_TUPLE -> push(Tuple.EMPTY);
      case TUPLE1 -> push(tuple(1));
      case TUPLE2 -> push(tuple(2));
      case TUPLE3 -> push(tuple(3));
      case MARK -> mark();
      case TUPLE -> push(tuple(sinceMark()));
      case GLOBAL -> push(global(line() + " " + line()));
      case BINPERSID -> push(counted(storage(pop(Tuple.class, "a tuple").elements())));
      case REDUCE -> reduce();
      case BUILD -> build();
      case SETITEM -> setItems(2);
      case SETITEMS -> setItems(sinceMark());
      case BINPUT -> put(unsignedByte());
      case LONG_BINPUT -> put(unsignedInt());
      case BINGET -> get(unsignedByte());
      case LONG_BINGET -> get(unsignedInt());
      case STOP -> {
        return false;
      }
      default ->
          throw malformed(
              String.format(
                  Locale.ROOT,
                  "opcode 0x%02x%s, expected one of those that checkpoints use",
                  opcode,
                  opcode > ' ' && opcode <= '~' ? " '" + (char) opcode + "'" : ""));
    }
    return true;
  }

  // The stack

  private void push(Value value) {
    if (stack.size() == MAX_STACK) {
      throw malformed("more than %d values on the stack, expected fewer".formatted(MAX_STACK));
    }
    stack.add(value);
  }

  private Value top() {
    if (stack.size() == base()) {
      throw malformed("the stack is empty, expected a value");
    }
    return stack.getLast();
  }

  private Value pop() {
    top();
    return stack.removeLast();
  }

  private <T extends Value> T pop(Class<T> type, String expectation) {
    return is(pop(), type, expectation);
  }

  private <T extends Value> T is(Value value, Class<T> type, String expectation) {
    if (!type.isInstance(value)) {
      throw malformed("%s, expected %s".formatted(value, expectation));
    }
    return type.cast(value);
  }

  /// Values below the last mark are out of reach.
  private int base() {
    return marks.isEmpty() ? 0 : marks.getLast();
  }

  private void mark() {
    if (marks.size() == MAX_MARKS) {
      throw malformed("more than %d marks, expected fewer".formatted(MAX_MARKS));
    }
    marks.add(stack.size());
  }

  /// Takes the last mark away.
  ///
  /// @return the number of values above it
  private int sinceMark() {
    if (marks.isEmpty()) {
      throw malformed("no mark on the stack, expected one");
    }
    return stack.size() - marks.removeLast();
  }

  /// The last values, the topmost last. They stay.
  private List<Value> last(int count) {
    if (stack.size() - base() < count) {
      throw malformed(
          "%d values on the stack, expected %d".formatted(stack.size() - base(), count));
    }
    return stack.subList(stack.size() - count, stack.size());
  }

  /// Every value that takes more memory than a number passes here.
  private <T extends Value> T counted(T value) {
    if (++values > mostValues) {
      throw malformed(
          "more than %d values, expected fewer of %d bytes"
              .formatted(mostValues, pickle.capacity()));
    }
    return value;
  }

  // Making values

  /// The first value of a pickle is what it stands for.
  private Constant dictionary() {
    return stack.isEmpty() && tensors.isEmpty() ? Constant.TENSORS : Constant.OTHER_DICTIONARY;
  }

  private Whole whole(long value) {
    return new Whole(value);
  }

  private Tuple tuple(int size) {
    if (size > MAX_TUPLE) {
      throw malformed("a tuple of %d, expected at most %d".formatted(size, MAX_TUPLE));
    }
    List<Value> elements = last(size);
    Tuple tuple = counted(new Tuple(List.copyOf(elements)));
    elements.clear();
    return tuple;
  }

  private Value global(String global) {
    for (Function function : Function.values()) {
      if (function.global.equals(global)) {
        return function;
      }
    }
    for (StorageType type : StorageType.values()) {
      if (type.global.equals(global)) {
        return type;
      }
    }
    throw malformed(
        "asks for '%s', expected a type of storage, a tensor or a dictionary"
            .formatted(JsonObject.excerpt(global)));
  }

  /// `("storage", type, key, device, elements)`
  private Storage storage(List<Value> id) {
    if (id.size() != 5 || !(id.get(1) instanceof StorageType type)) {
      throw malformed(
          "a persistent id %s, expected ('storage', a type of storage, key, device, elements)"
              .formatted(id));
    }
    if (!text(is(id.get(0), Text.class, "'storage'")).equals("storage")) {
      throw malformed("a persistent id that is not 'storage', expected 'storage'");
    }
    String key = text(is(id.get(2), Text.class, "the key of a storage"));
    is(id.get(3), Text.class, "the name of a device"); // where it once was
    long elements = is(id.get(4), Whole.class, "the number of elements").value();
    MemorySegment bytes = entries.get("data/" + key);
    if (bytes == null) {
      throw malformed(
          "asks for storage '%s', which is not there".formatted(JsonObject.excerpt(key)));
    }
    if (elements < 0 || bytes.byteSize() != product(type.dtype, List.of(elements))) {
      throw malformed(
          "storage '%s' of %s has %d bytes, expected those of %d elements"
              .formatted(key, type.dtype, bytes.byteSize(), elements));
    }
    return new Storage(key, type.dtype, elements, bytes);
  }

  private void reduce() {
    List<Value> arguments = pop(Tuple.class, "a tuple of arguments").elements();
    Function function = pop(Function.class, "something to call");
    push(
        switch (function) {
          case ORDERED_DICTIONARY -> {
            requireArguments(function, arguments, 0);
            yield dictionary();
          }
          case TENSOR -> {
            requireArguments(function, arguments, 6);
            yield counted(view(arguments));
          }
          case PARAMETER -> {
            requireArguments(function, arguments, 3);
            yield is(arguments.getFirst(), View.class, "a tensor");
          }
        });
  }

  private void requireArguments(Function function, List<Value> arguments, int count) {
    if (arguments.size() != count) {
      throw malformed(
          "%s with %d arguments, expected %d".formatted(function, arguments.size(), count));
    }
  }

  /// `(storage, offset, shape, strides, requires_grad, backward_hooks)`
  private View view(List<Value> arguments) {
    Storage storage = is(arguments.get(0), Storage.class, "a storage");
    long offset = is(arguments.get(1), Whole.class, "the offset in a storage").value();
    List<Long> shape = wholes(is(arguments.get(2), Tuple.class, "a shape"));
    List<Long> strides = wholes(is(arguments.get(3), Tuple.class, "strides"));
    if (shape.stream().anyMatch(size -> size < 0)) {
      throw malformed("a tensor of shape %s, expected sizes from 0".formatted(shape));
    }
    long bytes = product(storage.dtype(), shape);
    requireRowMajor(shape, strides);
    long elements = bytes / storage.dtype().bytes();
    if (offset < 0 || offset > storage.elements() || elements > storage.elements() - offset) {
      throw malformed(
          "a tensor of shape %s at element %d of storage '%s', which has %d elements"
              .formatted(shape, offset, storage.key(), storage.elements()));
    }
    return new View(
        storage.dtype(), shape, storage.bytes().asSlice(offset * storage.dtype().bytes(), bytes));
  }

  /// Dimensions of one element may have any stride, and all may have any if there is no element.
  private void requireRowMajor(List<Long> shape, List<Long> strides) {
    if (strides.size() != shape.size()) {
      throw malformed("strides %s of shape %s, expected as many".formatted(strides, shape));
    }
    if (shape.contains(0L)) {
      return;
    }
    long stride = 1;
    for (int i = shape.size() - 1; i >= 0; i--) {
      if (shape.get(i) != 1 && strides.get(i) != stride) {
        throw malformed(
            "strides %s of shape %s, expected those of row-major order".formatted(strides, shape));
      }
      stride *= shape.get(i); // fits: the product of all was computed exactly
    }
  }

  private List<Long> wholes(Tuple tuple) {
    return tuple.elements().stream()
        .map(element -> is(element, Whole.class, "a whole number").value())
        .toList();
  }

  private long product(DType dtype, List<Long> shape) {
    try {
      return dtype.bytes(shape);
    } catch (ArithmeticException e) {
      throw new MalformedModelException(
          file.name(), place(), "%s %s has more than 2^63 bytes".formatted(dtype, shape), e);
    }
  }

  /// Attributes of an ordered dictionary: `_metadata`, the versions of PyTorch's modules.
  private void build() {
    Constant state = pop(Constant.class, "attributes of a dictionary");
    Value target = top();
    if (state != Constant.OTHER_DICTIONARY || !isDictionary(target)) {
      throw malformed(
          "sets attributes of %s from %s, expected dictionaries".formatted(target, state));
    }
  }

  private void setItems(int count) {
    List<Value> items = last(count);
    if (count % 2 != 0) {
      throw malformed("%d keys and values, expected pairs".formatted(count));
    }
    for (int i = 0; i < count; i += 2) {
      is(items.get(i), Text.class, "a key");
    }
    List<Value> pairs = List.copyOf(items);
    items.clear();
    Value target = top();
    if (!isDictionary(target)) {
      throw malformed("%s, expected a dictionary".formatted(target));
    }
    if (target == Constant.TENSORS) {
      for (int i = 0; i < count; i += 2) {
        name(is(pairs.get(i), Text.class, "a name"), pairs.get(i + 1));
      }
    }
  }

  private static boolean isDictionary(Value value) {
    return value == Constant.TENSORS || value == Constant.OTHER_DICTIONARY;
  }

  private void name(Text key, Value value) {
    if (key.bytes().byteSize() > MAX_NAME_LENGTH) {
      throw malformed(
          "the name of a tensor has %d bytes, expected at most %d"
              .formatted(key.bytes().byteSize(), MAX_NAME_LENGTH));
    }
    String name = text(key);
    if (name.isEmpty() || name.chars().anyMatch(Character::isISOControl)) {
      throw malformed("the name of a tensor is empty or holds control characters");
    }
    if (!(value instanceof View(DType dtype, List<Long> shape, MemorySegment bytes))) {
      throw malformed("'%s' is %s, expected a tensor".formatted(JsonObject.excerpt(name), value));
    }
    if (tensors.put(name, new Tensor(name, file.name(), dtype, shape, bytes)) != null) {
      throw malformed(
          "tensor '%s' stands in it twice, expected once".formatted(JsonObject.excerpt(name)));
    }
    if (tensors.size() > MAX_TENSORS) {
      throw malformed("more than %d tensors, expected fewer".formatted(MAX_TENSORS));
    }
  }

  // The memo

  private void put(long slot) {
    if (slot > memo.size()) {
      throw malformed("memo slot %d, expected at most %d".formatted(slot, memo.size()));
    }
    if (slot == memo.size()) {
      memo.add(top());
    } else {
      memo.set((int) slot, top());
    }
  }

  private void get(long slot) {
    if (slot >= memo.size()) {
      throw malformed("memo slot %d, expected less than %d".formatted(slot, memo.size()));
    }
    push(memo.get((int) slot));
  }

  // Reading the program

  private int unsignedByte() {
    return Byte.toUnsignedInt(pickle.get());
  }

  private long unsignedInt() {
    return Integer.toUnsignedLong(pickle.getInt());
  }

  private MemorySegment bytes(long count) {
    if (count > pickle.remaining()) {
      throw malformed("a text of %d bytes, but %d are left".formatted(count, pickle.remaining()));
    }
    MemorySegment bytes = segment.asSlice(pickle.position(), count);
    pickle.position(pickle.position() + (int) count);
    return bytes;
  }

  /// A number in two's complement, the lowest byte first.
  private long longOfBytes(int count) {
    if (count > Long.BYTES) {
      throw malformed("a number of %d bytes, expected at most 8".formatted(count));
    }
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (long) unsignedByte() << (i * Byte.SIZE);
    }
    int unused = Long.SIZE - count * Byte.SIZE;
    return count == 0 ? 0 : value << unused >> unused;
  }

  /// Printable ASCII up to a line feed.
  private String line() {
    var line = new StringBuilder();
    for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
      if (c < ' ' || c > '~' || line.length() == MAX_GLOBAL_LENGTH) {
        throw malformed(
            "the name of a class holds byte 0x%02x or is longer than %d, expected a short name"
                .formatted(c, MAX_GLOBAL_LENGTH));
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private String text(Text text) {
    return file.text(text.bytes(), place());
  }

  private String place() {
    return "data.pkl, byte " + position;
  }

  private MalformedModelException malformed(String problem) {
    return new MalformedModelException(file.name(), place(), problem);
  }
}
