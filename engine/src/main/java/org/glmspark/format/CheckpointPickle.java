package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.nio.BufferUnderflowException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.glmspark.format.PickleValue.Constant;
import org.glmspark.format.PickleValue.Function;
import org.glmspark.format.PickleValue.Global;
import org.glmspark.format.PickleValue.StorageType;
import org.glmspark.format.PickleValue.Text;
import org.glmspark.format.PickleValue.Tuple;
import org.glmspark.format.PickleValue.View;
import org.glmspark.format.PickleValue.Whole;
import org.glmspark.tensor.Tensor;

/// The pickle of a checkpoint, a program for a stack machine, run by an interpreter that knows the
/// opcodes of such files and makes nothing but their tensors: there are no classes to load, and the
/// few names that a pickle may use are the constants of [PickleValue].
///
/// ```
/// dictionary ── "norm.weight" ── _rebuild_tensor_v2(storage "7", offset, shape, strides, …)
///                                                        │
///                                    _metadata: ignored  └─▶ bytes of the zip entry data/7
/// ```
///
/// The first value is the dictionary of tensors; entries of all other dictionaries are dropped.
/// Bounded: the size of the pickle, the depth of the stack, the elements of a tuple, the tensors
/// and their names, and by the size of the pickle the slots of the memo and the memory of all
/// values.
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
  private static final int MAX_STACK = 10_000; // Python sets the entries of a dictionary by 1,000
  private static final int MAX_MARKS = 100;
  private static final int MAX_TUPLE = 64;

  // heap that a value takes
  private static final int TEXT_BYTES = 24;
  private static final int WHOLE_BYTES = 24;
  private static final int TUPLE_BYTES = 64;
  private static final int GLOBAL_BYTES = 250;

  private static final Whole[] SMALL_WHOLES = smallWholes();

  private final PickleReader reader;
  private final PickledTensors tensors;
  private final ArrayList<PickleValue> stack = new ArrayList<>();
  private final ArrayList<Integer> marks = new ArrayList<>();
  private final ArrayList<PickleValue> memo = new ArrayList<>();

  /// @param pickle the entry `data.pkl` of the file
  /// @param entries all entries of the file, with the storages as `data/KEY`
  /// @throws MalformedModelException if the pickle is larger than that of any model
  CheckpointPickle(MappedFile file, MemorySegment pickle, Map<String, MemorySegment> entries) {
    reader = new PickleReader(file, pickle);
    tensors = new PickledTensors(reader, entries);
  }

  private static Whole[] smallWholes() {
    Whole[] wholes = new Whole[1 << Byte.SIZE];
    for (int i = 0; i < wholes.length; i++) {
      wholes[i] = new Whole(i);
    }
    return wholes;
  }

  /// Runs the program to its end.
  ///
  /// @return the tensors by name, in the order in which the pickle names them
  /// @throws MalformedModelException if it is cut off or does anything other than to name tensors
  Map<String, Tensor> run() {
    try {
      if (reader.unsignedByte() != PROTO || reader.unsignedByte() != PROTOCOL) {
        throw malformed("does not begin as a pickle of protocol 2, expected bytes 0x80 0x02");
      }
      boolean runs = true;
      while (runs) {
        runs = execute(reader.opcode());
      }
    } catch (BufferUnderflowException e) {
      throw reader.malformed(
          "the pickle ends within an opcode or before STOP, expected all of it", e);
    }
    if (reader.left() > 0) {
      throw malformed("%d bytes follow STOP, expected none".formatted(reader.left()));
    }
    if (stack.size() != 1 || stack.getFirst() != Constant.TENSORS || !marks.isEmpty()) {
      throw malformed("STOP leaves something other than one dictionary of tensors");
    }
    return tensors.named();
  }

  /// @return whether the program goes on
  private boolean execute(int opcode) {
    switch (opcode) {
      case EMPTY_DICT -> push(dictionary());
      case BINUNICODE -> push(text());
      case BININT1 -> push(SMALL_WHOLES[reader.unsignedByte()]);
      case BININT2 -> push(whole(reader.unsignedShort()));
      case BININT -> push(whole(reader.int32()));
      case LONG1 -> push(whole(reader.number()));
      case NONE -> push(Constant.NONE);
      case NEWTRUE -> push(Constant.TRUE);
      case NEWFALSE -> push(Constant.FALSE);
      case EMPTY_TUPLE -> push(Tuple.EMPTY);
      case TUPLE1 -> push(tuple(1));
      case TUPLE2 -> push(tuple(2));
      case TUPLE3 -> push(tuple(3));
      case MARK -> mark();
      case TUPLE -> push(tuple(sinceMark()));
      case GLOBAL -> push(global());
      case BINPERSID -> push(tensors.storage(pop(Tuple.class, "a tuple").elements()));
      case REDUCE -> reduce();
      case BUILD -> build();
      case SETITEM -> setItems(2);
      case SETITEMS -> setItems(sinceMark());
      case BINPUT -> put(reader.unsignedByte());
      case LONG_BINPUT -> put(reader.unsignedInt());
      case BINGET -> get(reader.unsignedByte());
      case LONG_BINGET -> get(reader.unsignedInt());
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

  private void push(PickleValue value) {
    if (stack.size() == MAX_STACK) {
      throw malformed("more than %d values on the stack, expected fewer".formatted(MAX_STACK));
    }
    stack.add(value);
  }

  private PickleValue top() {
    if (stack.size() == base()) {
      throw malformed("the stack is empty, expected a value");
    }
    return stack.getLast();
  }

  private PickleValue pop() {
    top();
    return stack.removeLast();
  }

  private <T extends PickleValue> T pop(Class<T> type, String expectation) {
    return tensors.is(pop(), type, expectation);
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

  /// Where the lowest of the last values is.
  private int firstOf(int count) {
    if (stack.size() - base() < count) {
      throw malformed(
          "%d values on the stack, expected %d".formatted(stack.size() - base(), count));
    }
    return stack.size() - count;
  }

  private void drop(int count) {
    for (int i = 0; i < count; i++) {
      stack.removeLast();
    }
  }

  // Making values

  /// The first value of a pickle is what it stands for.
  private Constant dictionary() {
    return stack.isEmpty() && tensors.named().isEmpty()
        ? Constant.TENSORS
        : Constant.OTHER_DICTIONARY;
  }

  private Text text() {
    reader.charge(TEXT_BYTES);
    return reader.text();
  }

  private Whole whole(long value) {
    reader.charge(WHOLE_BYTES);
    return new Whole(value);
  }

  private Tuple tuple(int size) {
    if (size > MAX_TUPLE) {
      throw malformed("a tuple of %d, expected at most %d".formatted(size, MAX_TUPLE));
    }
    reader.charge(TUPLE_BYTES + (long) Long.BYTES * size);
    PickleValue[] elements = new PickleValue[size];
    int first = firstOf(size);
    for (int i = 0; i < size; i++) {
      elements[i] = stack.get(first + i);
    }
    drop(size);
    return new Tuple(List.of(elements));
  }

  private Global global() {
    reader.charge(GLOBAL_BYTES);
    String name = reader.global();
    for (Function function : Function.values()) {
      if (function.global().equals(name)) {
        return function;
      }
    }
    for (StorageType type : StorageType.values()) {
      if (type.global().equals(name)) {
        return type;
      }
    }
    throw malformed(
        "asks for %s, expected a type of storage, a tensor or a dictionary"
            .formatted(Excerpt.quoted(name)));
  }

  private void reduce() {
    List<PickleValue> arguments = pop(Tuple.class, "a tuple of arguments").elements();
    Function function = pop(Function.class, "something to call");
    push(
        switch (function) {
          case ORDERED_DICTIONARY -> {
            requireArguments(function, arguments, 0);
            yield dictionary();
          }
          case TENSOR -> {
            requireArguments(function, arguments, 6);
            yield tensors.view(arguments);
          }
          case PARAMETER -> {
            requireArguments(function, arguments, 3);
            yield tensors.is(arguments.getFirst(), View.class, "a tensor");
          }
        });
  }

  private void requireArguments(Function function, List<PickleValue> arguments, int count) {
    if (arguments.size() != count) {
      throw malformed(
          "%s with %d arguments, expected %d".formatted(function, arguments.size(), count));
    }
  }

  /// Attributes of an ordered dictionary: `_metadata`, the versions of PyTorch's modules.
  private void build() {
    Constant state = pop(Constant.class, "attributes of a dictionary");
    PickleValue target = top();
    if (state != Constant.OTHER_DICTIONARY || !isDictionary(target)) {
      throw malformed(
          "sets attributes of %s from %s, expected dictionaries".formatted(target, state));
    }
  }

  /// Takes keys and values off the stack; the dictionary below them stays.
  private void setItems(int count) {
    int first = firstOf(count);
    if (count % 2 != 0) {
      throw malformed("%d keys and values, expected pairs".formatted(count));
    }
    if (first == base()) {
      throw malformed("the stack is empty, expected a dictionary below the keys and values");
    }
    PickleValue target = stack.get(first - 1);
    if (!isDictionary(target)) {
      throw malformed("%s, expected a dictionary".formatted(target));
    }
    for (int i = first; i < stack.size(); i += 2) {
      Text key = tensors.is(stack.get(i), Text.class, "a key");
      if (target == Constant.TENSORS) {
        tensors.name(key, stack.get(i + 1));
      }
    }
    drop(count);
  }

  private static boolean isDictionary(PickleValue value) {
    return value instanceof Constant constant && constant.isDictionary();
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

  private MalformedModelException malformed(String problem) {
    return reader.malformed(problem);
  }
}
