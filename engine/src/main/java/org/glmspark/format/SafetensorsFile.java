package org.glmspark.format;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A safetensors file: eight bytes with the length of the header (little-endian), the header in
/// JSON, then the data of all tensors, one after the other without gaps.
///
/// ```
/// {"__metadata__": {"format": "pt"}, "norm.weight": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}, …}
/// ```
///
/// Offsets count from the end of the header. The file is not trusted: nothing is looked up at an
/// offset, and nothing is allocated by a size, that was not compared with the file before. Stricter
/// than the format: 100,000 tensors of at most 64 dimensions, names of 1 to 1,024 printable
/// characters, 10,000 keys of metadata, and only the keys above.
///
/// Source: <https://github.com/huggingface/safetensors#format>
///
/// @param name the file's name without its folder, for messages
/// @param tensors views of the mapped file by name, in the order of their data
public record SafetensorsFile(String name, Map<String, Tensor> tensors) {

  private static final int LENGTH_BYTES = 8;
  private static final int MAX_HEADER_BYTES = 100_000_000; // the format's own limit
  private static final int MAX_ENTRIES = 100_000;
  private static final int MAX_NAME_LENGTH = 1024;
  private static final int MAX_METADATA = 10_000; // files of image models have some hundreds
  private static final int MAX_DIMENSIONS = 64;
  private static final String METADATA = "__metadata__";

  /// The format knows no blocks.
  private static final List<DType> DTYPES =
      Arrays.stream(DType.values()).filter(dtype -> !dtype.isBlockType()).toList();

  public SafetensorsFile {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /// Checks all of the header of a file.
  ///
  /// @throws MalformedModelException if the file breaks the format
  static SafetensorsFile parse(MappedFile file) {
    MemorySegment data = file.data();
    long headerBytes = headerBytes(file);
    var reader = new HeaderReader(file.name(), data.byteSize() - LENGTH_BYTES - headerBytes);
    List<Entry> entries =
        reader.read(data.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE));
    reader.checkCoverage(entries);

    MemorySegment buffer = data.asSlice(LENGTH_BYTES + headerBytes);
    var tensors = new LinkedHashMap<String, Tensor>();
    for (Entry entry : entries) {
      MemorySegment bytes = buffer.asSlice(entry.begin(), entry.end() - entry.begin());
      tensors.put(
          entry.name(), new Tensor(entry.name(), file.name(), entry.dtype(), entry.shape(), bytes));
    }
    return new SafetensorsFile(file.name(), tensors);
  }

  private static long headerBytes(MappedFile file) {
    long fileBytes = file.data().byteSize();
    if (fileBytes < LENGTH_BYTES) {
      throw new MalformedModelException(
          file.name(),
          "header length",
          "the file has %d bytes, expected 8 bytes of header length and a header"
              .formatted(fileBytes));
    }
    long headerBytes = file.data().get(LittleEndian.LONG, 0);
    long most = Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES);
    if (headerBytes < 2 || headerBytes > most) { // unsigned: beyond 2^63 is negative here
      throw new MalformedModelException(
          file.name(),
          "header length",
          "is %s bytes, expected 2 to %d in a file of %d bytes"
              .formatted(Long.toUnsignedString(headerBytes), most, fileBytes));
    }
    return headerBytes;
  }

  /// A tensor as the header describes it; its data lies at `begin` to `end` behind the header.
  private record Entry(String name, DType dtype, List<Long> shape, long begin, long end) {}

  private static final class HeaderReader {
    private final String file;
    private final long dataBytes;

    /// The list that is being read.
    private final Long[] sizes = new Long[MAX_DIMENSIONS];

    HeaderReader(String file, long dataBytes) {
      this.file = file;
      this.dataBytes = dataBytes;
    }

    /// The entries in the order of their data.
    List<Entry> read(byte[] header) {
      if (header[0] != '{') {
        throw new MalformedModelException(
            file, "header", "begins with byte 0x%02x, expected '{'".formatted(header[0]));
      }
      JsonFactoryBuilder parsers =
          JsonText.parsers()
              .streamReadConstraints(
                  JsonText.limits()
                      .maxNameLength(MAX_NAME_LENGTH)
                      .maxStringLength(MAX_HEADER_BYTES)
                      .build());
      return JsonText.read(file, "header", header, parsers, this::entries);
    }

    private List<Entry> entries(JsonParser json) throws IOException {
      var entries = new ArrayList<Entry>();
      var names = new HashSet<String>();
      json.nextToken(); // the brace that was checked
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        if (!names.add(name)) {
          throw inTensor(name, "stands in the header twice, expected once");
        }
        if (names.size() > MAX_ENTRIES) {
          throw new MalformedModelException(
              file, "header", "more than %d tensors, expected fewer".formatted(MAX_ENTRIES));
        }
        json.nextToken();
        if (name.equals(METADATA)) {
          checkMetadata(json);
        } else {
          entries.add(entry(name, json));
        }
      }
      if (json.nextToken() != null) {
        throw new MalformedModelException(
            file, "header", "goes on with %s after the object".formatted(found(json)));
      }
      entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
      return entries;
    }

    /// Metadata is for people and tools; that it is what the format says is all that matters here.
    private void checkMetadata(JsonParser json) throws IOException {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw new MalformedModelException(
            file, METADATA, "is %s, expected an object".formatted(found(json)));
      }
      var keys = new HashSet<String>();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = json.currentName();
        if (!keys.add(key) || keys.size() > MAX_METADATA) {
          throw new MalformedModelException(
              file,
              METADATA,
              "key '%s' is a second one or beyond %d keys"
                  .formatted(Excerpt.of(key), MAX_METADATA));
        }
        if (json.nextToken() != JsonToken.VALUE_STRING) {
          throw new MalformedModelException(
              file,
              METADATA,
              "key '%s' is %s, expected a string".formatted(Excerpt.of(key), found(json)));
        }
      }
    }

    private Entry entry(String name, JsonParser json) throws IOException {
      if (!Names.isPrintable(name)) {
        throw new MalformedModelException(
            file, "header", "a tensor's name is empty or holds control characters");
      }
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw inTensor(name, "is %s, expected an object".formatted(found(json)));
      }
      DType dtype = null;
      List<Long> shape = null;
      List<Long> offsets = null;
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = json.currentName();
        json.nextToken();
        switch (key) {
          case "dtype" -> dtype = once(name, key, dtype, dtype(name, json));
          case "shape" -> shape = once(name, key, shape, sizes(name, key, json));
          case "data_offsets" -> offsets = once(name, key, offsets, sizes(name, key, json));
          default ->
              throw inTensor(
                  name,
                  "unknown key '%s', expected dtype, shape and data_offsets"
                      .formatted(Excerpt.of(key)));
        }
      }
      if (dtype == null || shape == null || offsets == null) {
        String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
        throw inTensor(name, missing + " is missing");
      }
      return entry(name, dtype, shape, offsets);
    }

    private Entry entry(String name, DType dtype, List<Long> shape, List<Long> offsets) {
      if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
        throw inTensor(
            name, "data_offsets is %s, expected begin and end, in that order".formatted(offsets));
      }
      long begin = offsets.get(0);
      long end = offsets.get(1);
      if (end > dataBytes) {
        throw inTensor(
            name,
            "data_offsets is %s, but the file has %d bytes of data; it is cut off or not whole"
                .formatted(offsets, dataBytes));
      }
      long bytes;
      try {
        bytes = dtype.bytes(shape);
      } catch (ArithmeticException e) {
        throw new MalformedModelException(
            file, place(name), "%s %s has more than 2^63 bytes".formatted(dtype, shape), e);
      }
      if (end - begin != bytes) {
        throw inTensor(
            name,
            "data_offsets %s hold %d bytes, expected %d for %s %s"
                .formatted(offsets, end - begin, bytes, dtype, shape));
      }
      return new Entry(name, dtype, shape, begin, end);
    }

    private <T> T once(String name, String key, @Nullable T before, T now) {
      if (before != null) {
        throw inTensor(name, key + " stands twice, expected once");
      }
      return now;
    }

    private DType dtype(String name, JsonParser json) throws IOException {
      if (json.currentToken() == JsonToken.VALUE_STRING) {
        for (DType dtype : DTYPES) {
          if (dtype.name().equals(json.getText())) {
            return dtype;
          }
        }
      }
      throw inTensor(name, "dtype is %s, expected one of %s".formatted(found(json), DTYPES));
    }

    private List<Long> sizes(String name, String key, JsonParser json) throws IOException {
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw inTensor(name, "%s is %s, expected a list".formatted(key, found(json)));
      }
      int count = 0;
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (!isLong(json) || json.getLongValue() < 0) {
          throw inTensor(
              name, "%s holds %s, expected whole numbers from 0".formatted(key, found(json)));
        }
        if (count == MAX_DIMENSIONS) {
          throw inTensor(
              name, "%s has more than %d numbers, expected fewer".formatted(key, MAX_DIMENSIONS));
        }
        sizes[count++] = json.getLongValue();
      }
      return List.of(Arrays.copyOf(sizes, count));
    }

    private static boolean isLong(JsonParser json) throws IOException {
      return json.currentToken() == JsonToken.VALUE_NUMBER_INT
          && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
    }

    /// Each tensor begins where the one before ends, and the last ends where the file ends.
    void checkCoverage(List<Entry> entries) {
      long end = 0;
      @Nullable Entry before = null;
      for (Entry entry : entries) {
        if (entry.begin() != end) {
          throw inTensor(
              entry.name(),
              "data_offsets [%d, %d] %s, expected to begin at %d, the end of %s"
                  .formatted(
                      entry.begin(),
                      entry.end(),
                      entry.begin() < end ? "overlap another tensor" : "leave a hole",
                      end,
                      placeBefore(before)));
        }
        end = entry.end();
        before = entry;
      }
      if (end != dataBytes) {
        throw new MalformedModelException(
            file,
            "data",
            "%d bytes, expected %d, the end of %s".formatted(dataBytes, end, placeBefore(before)));
      }
    }

    private static String placeBefore(@Nullable Entry before) {
      return before == null ? "the header" : place(before.name());
    }

    private MalformedModelException inTensor(String name, String problem) {
      return new MalformedModelException(file, place(name), problem);
    }

    private static String place(String name) {
      return "tensor " + Excerpt.quoted(name);
    }

    private static String found(JsonParser json) throws IOException {
      JsonToken token = json.currentToken();
      return switch (token) {
        case START_OBJECT -> "an object";
        case START_ARRAY -> "a list";
        case VALUE_STRING -> "\"" + Excerpt.of(json.getText()) + "\"";
        case null, default -> Excerpt.of(String.valueOf(json.getText()));
      };
    }
  }
}
