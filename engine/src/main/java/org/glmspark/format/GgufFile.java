package org.glmspark.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;

/// A GGUF file, version 2 or 3: a header with counts, metadata by key, a directory of the tensors,
/// then their data.
///
/// ```
/// "GGUF"  version  tensors  keys │ key type value …│ name dimensions type offset …│ padding │ data
/// ```
///
/// Everything is little-endian. Offsets count from the start of the data and, like it, are
/// multiples of the alignment, `general.alignment` or 32. The file is not trusted: nothing is
/// looked up at an offset, and nothing is allocated by a size, that was not compared with the file
/// before. Stricter than the format: 10,000 keys, 100,000 tensors, strings of 16 MiB, no arrays of
/// arrays, no empty tensors. More lenient: tensors lie in any order and may leave holes.
///
/// Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
///
/// @param files the file, or all parts of one that was split, in their order
/// @param version of the format, 2 or 3
/// @param metadata of the first part if the file was split
/// @param tensors views of the mapped files by name, in the order of the directory. Dimensions are
///   turned round, as the format begins with the columns: a matrix is `[rows, columns]`
public record GgufFile(
    List<MappedFile> files, int version, GgufMetadata metadata, Map<String, Tensor> tensors) {

  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int LEAST_ALIGNMENT = 8; // the format's own limit
  private static final int MOST_ALIGNMENT = 1 << 16; // the largest page of common systems
  private static final String ALIGNMENT = "general.alignment";
  private static final int MAX_TENSORS = 100_000;
  private static final int MAX_DIMENSIONS = 4; // the format's own limit

  /// The format says 64; programs built on GGML with a larger limit write up to 127.
  private static final int MAX_NAME_BYTES = 127;

  private static final int LEAST_TENSOR_BYTES =
      Long.BYTES + 1 + Integer.BYTES + Long.BYTES + Integer.BYTES + Long.BYTES;

  public GgufFile {
    files = List.copyOf(files);
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /// The name of the file, or of the first part, without its folder.
  public String name() {
    return files.getFirst().name();
  }

  /// Maps a file, checks all of its header, and does the same with the other parts if it was split.
  ///
  /// @param path the file; the first part, `NAME-00001-of-0000N.gguf`, if it was split
  /// @param arena owns the mappings and with them the data of the tensors
  /// @throws MalformedModelException if a file is missing or breaks the format, or the parts do not
  ///   belong together
  public static GgufFile open(Path path, Arena arena) {
    GgufFile first = parse(MappedFile.map(path, arena));
    return GgufSplit.isSplit(first) ? GgufSplit.join(first, path, arena) : first;
  }

  /// Reads the metadata that [GgufMetadata#source] gave.
  ///
  /// @param name of the file, for messages
  /// @throws MalformedModelException if it breaks the format
  public static GgufMetadata metadata(String name, MemorySegment source) {
    var reader = new GgufReader(name, source);
    version(reader);
    reader.int64("the number of tensors"); // they are not in there
    return GgufMetadata.read(reader, GgufMetadata.count(reader));
  }

  /// Reads one file, which may be a part.
  static GgufFile parse(MappedFile file) {
    var reader = new GgufReader(file.name(), file.data());
    int version = version(reader);
    int tensorCount = (int) reader.count("tensors", LEAST_TENSOR_BYTES, MAX_TENSORS);
    int keyCount = GgufMetadata.count(reader);
    GgufMetadata metadata = GgufMetadata.read(reader, keyCount);
    int alignment = alignment(metadata);
    List<Entry> entries = entries(reader, tensorCount);

    long dataStart = Math.ceilDiv(reader.position(), alignment) * alignment;
    checkPlaces(reader, entries, alignment, Math.max(0, file.data().byteSize() - dataStart));
    var tensors = new LinkedHashMap<String, Tensor>();
    for (Entry entry : entries) {
      MemorySegment data = file.data().asSlice(dataStart + entry.offset(), entry.bytes());
      tensors.put(
          entry.name(), new Tensor(entry.name(), file.name(), entry.dtype(), entry.shape(), data));
    }
    return new GgufFile(List.of(file), version, metadata, tensors);
  }

  private static int version(GgufReader reader) {
    int magic = reader.int32("the magic number");
    if (magic != MAGIC) {
      throw reader.malformed(
          "begins with bytes 0x%08x, expected 0x%08x, \"GGUF\""
              .formatted(Integer.reverseBytes(magic), Integer.reverseBytes(MAGIC)));
    }
    int version = reader.int32("the version");
    int reversed = Integer.reverseBytes(version);
    if (reversed == 2 || reversed == 3) {
      throw reader.malformed("the file is big-endian, expected a little-endian one");
    }
    if (version != 2 && version != 3) {
      throw reader.malformed(
          "is of version %s, expected 2 or 3".formatted(Integer.toUnsignedString(version)));
    }
    return version;
  }

  private static int alignment(GgufMetadata metadata) {
    if (!metadata.has(ALIGNMENT)) {
      return DEFAULT_ALIGNMENT;
    }
    int alignment = metadata.integer(ALIGNMENT, LEAST_ALIGNMENT, MOST_ALIGNMENT);
    if (Integer.bitCount(alignment) != 1) {
      throw metadata.unexpected(ALIGNMENT, "a power of two");
    }
    return alignment;
  }

  /// A tensor as the directory describes it.
  ///
  /// @param offset from the start of the data
  private record Entry(String name, DType dtype, List<Long> shape, long offset, long bytes) {}

  private static List<Entry> entries(GgufReader reader, int count) {
    var entries = new ArrayList<Entry>();
    var names = new HashSet<String>();
    for (int i = 0; i < count; i++) {
      reader.enter("tensor", i + 1, count);
      String name = reader.string("name", MAX_NAME_BYTES);
      if (!Names.isPrintable(name)) {
        throw reader.malformed("the name is empty or holds control characters");
      }
      reader.named(name);
      if (!names.add(name)) {
        throw reader.malformed("stands in the file twice, expected once");
      }
      List<Long> shape = shape(reader);
      DType dtype = dtype(reader);
      entries.add(
          new Entry(name, dtype, shape, reader.int64("the offset"), bytes(reader, dtype, shape)));
    }
    return entries;
  }

  /// Sizes from the outermost dimension to the innermost, which the file gives the other way round.
  private static List<Long> shape(GgufReader reader) {
    long dimensions = reader.uint32("the number of dimensions");
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw reader.malformed(
          "has %d dimensions, expected 1 to %d".formatted(dimensions, MAX_DIMENSIONS));
    }
    Long[] shape = new Long[(int) dimensions];
    for (int i = 0; i < dimensions; i++) {
      long size = reader.int64("the dimensions");
      if (size < 1) {
        throw reader.malformed(
            "dimension %d has the size %s, expected 1 or more"
                .formatted(i, Long.toUnsignedString(size)));
      }
      shape[shape.length - 1 - i] = size;
    }
    int first = 0;
    while (shape.length - first > 2 && shape[first] == 1) { // some writers fill up to four
      first++;
    }
    return List.of(Arrays.copyOfRange(shape, first, shape.length));
  }

  private static DType dtype(GgufReader reader) {
    long number = reader.uint32("the type");
    for (DType dtype : DType.values()) {
      if (number == number(dtype)) {
        return dtype;
      }
    }
    throw reader.malformed(
        "is of type %d, expected one of %s"
            .formatted(
                number,
                Arrays.stream(DType.values())
                    .filter(dtype -> number(dtype) >= 0)
                    .sorted(Comparator.comparingInt(GgufFile::number))
                    .map(dtype -> number(dtype) + " (" + dtype + ")")
                    .collect(Collectors.joining(", "))));
  }

  /// The number of a type in GGML's `ggml_type`; -1 for those that it does not have.
  private static int number(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case Q4_0 -> 2;
      case Q4_1 -> 3;
      case Q5_0 -> 6;
      case Q5_1 -> 7;
      case Q8_0 -> 8;
      case Q2_K -> 10;
      case Q3_K -> 11;
      case Q4_K -> 12;
      case Q5_K -> 13;
      case Q6_K -> 14;
      case IQ4_NL -> 20;
      case IQ4_XS -> 23;
      case I8 -> 24;
      case I16 -> 25;
      case I32 -> 26;
      case I64 -> 27;
      case F64 -> 28;
      case BF16 -> 30;
      case U8, BOOL -> -1;
    };
  }

  private static long bytes(GgufReader reader, DType dtype, List<Long> shape) {
    long columns = shape.getLast();
    if (columns % dtype.blockElements() != 0) {
      throw reader.malformed(
          "has %d columns, expected a multiple of %d, the block of %s"
              .formatted(columns, dtype.blockElements(), dtype));
    }
    try {
      long elements = 1;
      for (long size : shape) {
        elements = Math.multiplyExact(elements, size);
      }
      return dtype.bytes(shape);
    } catch (ArithmeticException e) {
      throw reader.malformed(
          "%s %s has 2^63 elements or bytes, or more".formatted(dtype, shape), e);
    }
  }

  /// Each tensor lies inside the data, aligned, and apart from the others.
  private static void checkPlaces(
      GgufReader reader, List<Entry> entries, int alignment, long dataBytes) {
    long end = 0;
    String before = "";
    for (Entry entry : sorted(entries)) {
      reader.named(entry.name());
      if (Long.remainderUnsigned(entry.offset(), alignment) != 0) {
        throw reader.malformed(
            "has the offset %s, expected a multiple of %d"
                .formatted(Long.toUnsignedString(entry.offset()), alignment));
      }
      if (entry.offset() < 0 || entry.bytes() > dataBytes - entry.offset()) {
        throw reader.malformed(
            "has the offset %s and %d bytes, but the file has %d bytes of data; it is cut off or"
                    .formatted(Long.toUnsignedString(entry.offset()), entry.bytes(), dataBytes)
                + " not whole");
      }
      if (entry.offset() < end) {
        throw reader.malformed(
            "has the offset %d, expected %d or more, the end of %s"
                .formatted(entry.offset(), end, place(before)));
      }
      end = entry.offset() + entry.bytes();
      before = entry.name();
    }
  }

  private static List<Entry> sorted(List<Entry> entries) {
    return entries.stream().sorted(Comparator.comparingLong(Entry::offset)).toList();
  }

  static String place(String tensor) {
    return "tensor " + Excerpt.quoted(tensor);
  }
}
