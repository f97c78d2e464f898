package org.glmspark.format;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;

/// The beginning of a pack file: what is in it. Where each part lies is not said but follows: a
/// part begins at the next multiple of [#ALIGNMENT] after what stands before it. So no two can
/// overlap.
///
/// ```
/// "GLMPACK\0"  version: int32  bytes of the JSON: int32  JSON │ zeros │ part │ zeros │ part …
/// ```
///
/// Numbers are little-endian. The JSON:
///
/// ```
/// {"packer": "glm-spark 0.1.0", "source_digest": "<SHA-256>", "digest": "<SHA-256>",
///  "parts": [{"name": "layers.0.down", "layout": "strips", "type": "q4",
///             "shape": [4096, 13696], "sha256": "<SHA-256>"}, …]}
/// ```
///
/// @param packer the program that wrote the pack, for people
/// @param sourceDigest SHA-256 of the files it was made of, as `model.ModelDigest` says
/// @param parts in the order of the file
public record PackHeader(String packer, String sourceDigest, List<PackPart> parts) {
  /// Of the file format, not of the program.
  public static final int VERSION = 1;

  /// What each part is aligned to: the pages of most systems.
  public static final int ALIGNMENT = 4096;

  private static final byte[] MAGIC = "GLMPACK\0".getBytes(StandardCharsets.US_ASCII);
  private static final int PREFIX_BYTES = MAGIC.length + 2 * Integer.BYTES;

  /// A model of 100 layers has some 200 KB.
  private static final int MAX_BYTES = 16 << 20;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public PackHeader {
    parts = List.copyOf(parts);
  }

  /// Whether a file begins as a pack does.
  static boolean isOne(MemorySegment data) {
    return data.byteSize() >= MAGIC.length
        && data.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) < 0;
  }

  /// The identity of the model in the pack: equal exactly if all parts are equal, whoever packed
  /// them. It is the SHA-256 of one line for each part, in their order, that ends with a line feed:
  ///
  /// ```
  /// <SHA-256 of the part>  <name>  <layout>  <type>  <shape, as 4096x13696>
  /// ```
  public String digest() {
    MessageDigest sha256 = sha256();
    for (PackPart part : parts) {
      String shape = String.join("x", part.shape().stream().map(String::valueOf).toList());
      String line =
          String.join(
              "  ", part.sha256(), part.name(), part.layout().key(), part.type(), shape + "\n");
      sha256.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  /// Where each part begins, in their order, and at last where the file ends.
  ///
  /// @throws ArithmeticException if that does not fit a long
  public List<Long> offsets() {
    return offsets(encode().length);
  }

  private List<Long> offsets(long headerBytes) {
    var offsets = new ArrayList<Long>();
    long end = headerBytes;
    for (PackPart part : parts) {
      long start = Math.multiplyExact(Math.ceilDiv(end, (long) ALIGNMENT), (long) ALIGNMENT);
      offsets.add(start);
      end = Math.addExact(start, part.bytes());
    }
    offsets.add(end);
    return offsets;
  }

  /// The bytes that a pack begins with. Their number does not depend on the digests.
  public byte[] encode() {
    byte[] json = json();
    return ByteBuffer.allocate(PREFIX_BYTES + json.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .putInt(VERSION)
        .putInt(json.length)
        .put(json)
        .array();
  }

  private byte[] json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("packer", packer).put("source_digest", sourceDigest).put("digest", digest());
    ArrayNode list = json.putArray("parts");
    for (PackPart part : parts) {
      ObjectNode entry = list.addObject();
      entry.put("name", part.name());
      entry.put("layout", part.layout().key());
      entry.put("type", part.type());
      ArrayNode shape = entry.putArray("shape");
      part.shape().forEach(shape::add);
      entry.put("sha256", part.sha256());
    }
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /// A header and where the parts of its file lie.
  ///
  /// @param offsets as [PackHeader#offsets]
  record Located(PackHeader header, List<Long> offsets) {}

  /// Reads and checks the header of a file, and compares the file's size with it.
  ///
  /// @throws MalformedModelException if it breaks the format
  static Located parse(String file, MemorySegment data) {
    if (!isOne(data)) {
      throw new MalformedModelException(
          file, "header", "does not begin with \"GLMPACK\", expected a pack");
    }
    requireSize(file, data, PREFIX_BYTES);
    int version = data.get(INT, MAGIC.length);
    if (version != VERSION) {
      throw new MalformedModelException(
          file,
          "header",
          "is of version %d, expected %d; pack the model again"
              .formatted(Integer.toUnsignedLong(version), VERSION));
    }
    int bytes = data.get(INT, MAGIC.length + Integer.BYTES);
    if (bytes < 1 || bytes > MAX_BYTES) {
      throw new MalformedModelException(
          file,
          "header",
          "has %d bytes, expected 1 to %d".formatted(Integer.toUnsignedLong(bytes), MAX_BYTES));
    }
    long end = (long) PREFIX_BYTES + bytes;
    requireSize(file, data, end);
    byte[] json = data.asSlice(PREFIX_BYTES, bytes).toArray(ValueLayout.JAVA_BYTE);
    PackHeader header = header(file, JsonObject.parse(file, json));
    return new Located(header, located(file, data, header, end));
  }

  private static PackHeader header(String file, JsonObject json) {
    var parts = new ArrayList<PackPart>();
    var names = new HashSet<String>();
    for (JsonObject entry : json.objects("parts")) {
      PackPart part = PackPart.read(file, entry);
      if (!names.add(part.name())) {
        throw part.malformed(file, "stands in the header twice, expected once");
      }
      parts.add(part);
    }
    var header = new PackHeader(json.text("packer"), json.text("source_digest"), parts);
    if (!json.text("digest").equals(header.digest())) {
      throw json.unexpected(
          "digest", "%s, that of the parts; the header was damaged".formatted(header.digest()));
    }
    return header;
  }

  private static List<Long> located(
      String file, MemorySegment data, PackHeader header, long headerBytes) {
    List<Long> offsets;
    try {
      offsets = header.offsets(headerBytes);
    } catch (ArithmeticException e) {
      throw new MalformedModelException(file, "header", "has parts of 2^63 bytes or more", e);
    }
    long size = offsets.getLast();
    if (data.byteSize() != size) {
      throw new MalformedModelException(
          file,
          "size",
          "%d bytes, expected %d for the parts in its header; it is cut off or not whole"
              .formatted(data.byteSize(), size));
    }
    return offsets;
  }

  private static void requireSize(String file, MemorySegment data, long bytes) {
    if (data.byteSize() < bytes) {
      throw new MalformedModelException(
          file,
          "size",
          "%d bytes, expected at least %d for the header; it is cut off"
              .formatted(data.byteSize(), bytes));
    }
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
