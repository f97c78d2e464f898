package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The fields of the records of a zip archive, by their offsets in the file.
final class ZipFields {
  /// What stands in a field of 32 bits whose value is in the zip64 field.
  static final long MAX_INT = 0xFFFF_FFFFL;

  /// An entry of the directory without its name and extra fields.
  static final int ENTRY_BYTES = 46;

  private static final int ZIP64_FIELD = 1;

  private final MappedFile file;
  private final MemorySegment data;

  ZipFields(MappedFile file) {
    this.file = file;
    data = file.data();
  }

  /// The file's name.
  String file() {
    return file.name();
  }

  /// The size of the file.
  long bytes() {
    return data.byteSize();
  }

  int unsignedShort(long at) {
    return Short.toUnsignedInt(data.get(LittleEndian.SHORT, at));
  }

  int int32(long at) {
    return data.get(LittleEndian.INT, at);
  }

  long unsignedInt(long at) {
    return Integer.toUnsignedLong(int32(at));
  }

  long int64(long at) {
    return data.get(LittleEndian.LONG, at);
  }

  MemorySegment slice(long at, long bytes) {
    return data.asSlice(at, bytes);
  }

  /// The text in UTF-8 of some bytes of the file.
  String text(MemorySegment bytes, String place) {
    return file.text(bytes, place);
  }

  /// The content of the zip64 field among the extra fields of an entry, empty if there is none.
  MemorySegment zip64(String name, long at, int bytes) {
    @Nullable MemorySegment zip64 = null;
    long end = at + bytes;
    while (at < end) {
      if (end - at < 4 || unsignedShort(at + 2) > end - at - 4) {
        throw inEntry(name, "its extra fields are cut off at byte " + at);
      }
      int length = unsignedShort(at + 2);
      if (unsignedShort(at) == ZIP64_FIELD) {
        if (zip64 != null) {
          throw inEntry(name, "has zip64 sizes twice, expected once");
        }
        zip64 = slice(at + 4, length);
      }
      at += 4 + length;
    }
    return zip64 == null ? MemorySegment.NULL : zip64;
  }

  MalformedModelException inDirectory(String problem) {
    return new MalformedModelException(file(), "zip directory", problem);
  }

  MalformedModelException inEntry(String name, String problem) {
    return new MalformedModelException(file(), "zip entry " + Excerpt.quoted(name), problem);
  }
}
