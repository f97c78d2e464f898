package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A zip archive whose entries are stored as they are, so that they can be read in place. Of one
/// folder, as PyTorch writes it.
///
/// ```
/// local header, name, extra fields, data, sizes again │ … │ directory │ zip64 end │ locator │ end
///       ▲                                                     │  ▲                    │
///       └─────────────────────────────────────────────────────┘  └────────────────────┘
/// ```
///
/// Stricter than the format, where readers differ and so could be led to different data: whatever
/// is written twice must be equal, nothing overlaps, nothing stands between the directory and the
/// end of the file, no comment behind it. Checksums are not compared: PyTorch lets its users leave
/// them out, and reads no weight that is not asked for.
///
/// Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, version 6.3.10
///
/// @param folder the folder that all entries lie in
/// @param entries the data of each entry by its name below that folder, in the order of the file
record StoredZip(String folder, Map<String, MemorySegment> entries) {

  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int SIZES_SIGNATURE = 0x08074b50;
  private static final int ENTRY_SIGNATURE = 0x02014b50;
  private static final int ZIP64_END_SIGNATURE = 0x06064b50;
  private static final int LOCATOR_SIGNATURE = 0x07064b50;
  private static final int END_SIGNATURE = 0x06054b50;

  private static final int LOCAL_BYTES = 30;
  private static final int ENTRY_BYTES = 46;
  private static final int ZIP64_END_BYTES = 56;
  private static final int LOCATOR_BYTES = 20;
  private static final int END_BYTES = 22;

  private static final int ENCRYPTED = 1;
  private static final int SIZES_FOLLOW = 1 << 3;
  private static final int UTF8_NAME = 1 << 11;
  private static final int ZIP64_FIELD = 1;

  private static final int MAX_SHORT = 0xFFFF;
  private static final long MAX_INT = 0xFFFF_FFFFL;
  private static final int MAX_NAME_BYTES = 1024;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  StoredZip {
    entries = Collections.unmodifiableMap(entries);
  }

  /// Reads the directory of an archive and compares it with all local headers.
  ///
  /// @throws MalformedModelException if the file is no zip archive, breaks the format or the rules
  ///   above, or holds an entry that is compressed, encrypted or named like a path that leads
  ///   elsewhere
  static StoredZip read(MappedFile file) {
    return new Reader(file).read();
  }

  /// An entry as the directory describes it.
  ///
  /// @param header where its local header begins
  /// @param checksum as written, not compared with the data
  /// @param bytes the size of its data
  private record Listed(
      String name, MemorySegment nameBytes, int flags, long checksum, long bytes, long header) {}

  /// An entry whose data was found: all of it lies at `header` to `end`.
  private record Found(String name, MemorySegment data, long header, long end) {}

  /// Where the directory lies.
  private record Directory(long count, long begin, long end) {}

  /// The sizes of an entry and where its local header begins, as 32 bits hold them.
  private record Sizes(long bytes, long storedBytes, long header) {

    /// The values themselves: those that 32 bits cannot hold stand in the zip64 field, in this
    /// order.
    ///
    /// @return null if the field holds more or less than is asked for
    @Nullable Sizes widened(MemorySegment zip64) {
      long[] values = {bytes, storedBytes, header};
      int at = 0;
      for (int i = 0; i < values.length; i++) {
        if (values[i] == MAX_INT) {
          if (zip64.byteSize() - at < Long.BYTES) {
            return null;
          }
          values[i] = zip64.get(LONG, at);
          at += Long.BYTES;
        }
      }
      return at == zip64.byteSize() ? new Sizes(values[0], values[1], values[2]) : null;
    }
  }

  private static final class Reader {
    private final MappedFile file;
    private final MemorySegment data;

    Reader(MappedFile file) {
      this.file = file;
      data = file.data();
    }

    StoredZip read() {
      Directory directory = directory();
      var found = new ArrayList<Found>();
      long at = directory.begin();
      for (long i = 0; i < directory.count(); i++) {
        Listed listed = listed(directory, i, at);
        at += entryBytes(at);
        found.add(find(listed, directory.begin()));
      }
      if (at != directory.end()) {
        throw inDirectory(
            "%d bytes for %d entries, expected %d"
                .formatted(
                    directory.end() - directory.begin(),
                    directory.count(),
                    at - directory.begin()));
      }
      found.sort(Comparator.comparingLong(Found::header));
      requireNoOverlap(found);
      return inOneFolder(found);
    }

    private Directory directory() {
      long end = data.byteSize() - END_BYTES;
      if (end < 0 || data.get(INT, end) != END_SIGNATURE || unsignedShort(end + 20) != 0) {
        throw new MalformedModelException(
            file.name(),
            "end of the file",
            "no end of a zip archive in the last %d of %d bytes; the file is cut off or not whole"
                .formatted(END_BYTES, data.byteSize()));
      }
      requireOneDisk(end, unsignedShort(end + 4), unsignedShort(end + 6));
      long locator = end - LOCATOR_BYTES;
      boolean zip64 = locator >= 0 && data.get(INT, locator) == LOCATOR_SIGNATURE;
      Directory directory = zip64 ? zip64Directory(locator) : directory(end);
      requireSame("entries", end, unsignedShort(end + 8), Math.min(directory.count(), MAX_SHORT));
      requireSame("entries", end, unsignedShort(end + 10), Math.min(directory.count(), MAX_SHORT));
      long bytes = directory.end() - directory.begin();
      requireSame("bytes of directory", end, unsignedInt(end + 12), Math.min(bytes, MAX_INT));
      requireSame(
          "offset of directory", end, unsignedInt(end + 16), Math.min(directory.begin(), MAX_INT));
      return directory;
    }

    private Directory directory(long end) {
      return directory(
          end, unsignedShort(end + 10), unsignedInt(end + 12), unsignedInt(end + 16), end);
    }

    private Directory zip64Directory(long locator) {
      requireOneDisk(locator, data.get(INT, locator + 4), data.get(INT, locator + 16) - 1);
      long end = data.get(LONG, locator + 8);
      requireSame("offset of zip64 end", locator, end, locator - ZIP64_END_BYTES);
      if (end < 0 || data.get(INT, end) != ZIP64_END_SIGNATURE) {
        throw new MalformedModelException(
            file.name(), at(end), "no zip64 end of a zip archive, expected one");
      }
      requireSame("bytes of zip64 end", end, data.get(LONG, end + 4), ZIP64_END_BYTES - 12);
      requireOneDisk(end, data.get(INT, end + 16), data.get(INT, end + 20));
      requireSame("entries", end, data.get(LONG, end + 24), data.get(LONG, end + 32));
      return directory(
          end, data.get(LONG, end + 32), data.get(LONG, end + 40), data.get(LONG, end + 48), end);
    }

    /// @param end where the directory must end, at the record that describes it
    private Directory directory(long record, long count, long bytes, long begin, long end) {
      if (begin < 0 || begin > end || bytes != end - begin) {
        throw new MalformedModelException(
            file.name(),
            at(record),
            "the directory has %s bytes at byte %s, expected it to end at byte %d"
                .formatted(Long.toUnsignedString(bytes), Long.toUnsignedString(begin), end));
      }
      if (count < 1 || count > bytes / ENTRY_BYTES) {
        throw new MalformedModelException(
            file.name(),
            at(record),
            "%s entries, expected 1 to %d in a directory of %d bytes"
                .formatted(Long.toUnsignedString(count), bytes / ENTRY_BYTES, bytes));
      }
      return new Directory(count, begin, end);
    }

    private Listed listed(Directory directory, long index, long at) {
      if (at > directory.end() - ENTRY_BYTES
          || data.get(INT, at) != ENTRY_SIGNATURE
          || entryBytes(at) > directory.end() - at) {
        throw inDirectory(
            "no whole entry at byte %d, expected entry %d of %d"
                .formatted(at, index + 1, directory.count()));
      }
      int nameLength = unsignedShort(at + 28);
      MemorySegment nameBytes = data.asSlice(at + ENTRY_BYTES, nameLength);
      String name = name(at, nameBytes);
      int flags = unsignedShort(at + 8);
      requireStored(name, flags, unsignedShort(at + 10));
      Sizes sizes =
          new Sizes(unsignedInt(at + 24), unsignedInt(at + 20), unsignedInt(at + 42))
              .widened(extraFields(name, at + ENTRY_BYTES + nameLength, unsignedShort(at + 30)));
      if (sizes == null) {
        throw inEntry(name, "its zip64 sizes are not those that its entry asks for");
      }
      if (sizes.bytes() != sizes.storedBytes()) {
        throw inEntry(
            name,
            "%s bytes are stored as %s, expected as many"
                .formatted(
                    Long.toUnsignedString(sizes.bytes()),
                    Long.toUnsignedString(sizes.storedBytes())));
      }
      if (unsignedShort(at + 34) != 0) {
        throw inEntry(name, "lies in another part of the archive, expected a single part");
      }
      return new Listed(
          name, nameBytes, flags, unsignedInt(at + 16), sizes.bytes(), sizes.header());
    }

    private int entryBytes(long at) {
      return ENTRY_BYTES + unsignedShort(at + 28) + unsignedShort(at + 30) + unsignedShort(at + 32);
    }

    private String name(long at, MemorySegment bytes) {
      if (bytes.byteSize() > MAX_NAME_BYTES) {
        throw inDirectory(
            "the name of the entry at byte %d has %d bytes, expected at most %d"
                .formatted(at, bytes.byteSize(), MAX_NAME_BYTES));
      }
      String name = file.text(bytes, "name of the entry at byte " + at);
      if (!isPlain(name)) {
        throw inEntry(name, "is no plain name, expected folder/name without '..', '\\' or ':'");
      }
      return name;
    }

    /// Whether a name has only parts that mean the same wherever an archive is unpacked.
    private static boolean isPlain(String name) {
      for (int start = 0; start <= name.length(); ) {
        int slash = name.indexOf('/', start);
        int end = slash < 0 ? name.length() : slash;
        String part = name.substring(start, end);
        if (part.isEmpty() || part.equals(".") || part.equals("..")) {
          return false;
        }
        start = end + 1;
      }
      return name.indexOf('\\') < 0 && name.indexOf(':') < 0 && Names.isPrintable(name);
    }

    private void requireStored(String name, int flags, int method) {
      if ((flags & ENCRYPTED) != 0) {
        throw inEntry(name, "is encrypted, expected a plain entry");
      }
      if ((flags & ~(SIZES_FOLLOW | UTF8_NAME)) != 0) {
        throw inEntry(name, String.format(Locale.ROOT, "has the unknown flags 0x%04x", flags));
      }
      if (method != 0) {
        throw inEntry(
            name,
            "is compressed by method %d%s, expected method 0 (stored)"
                .formatted(method, method == 8 ? " (deflate)" : ""));
      }
    }

    /// The content of the zip64 field, empty if there is none.
    private MemorySegment extraFields(String name, long at, int bytes) {
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
          zip64 = data.asSlice(at + 4, length);
        }
        at += 4 + length;
      }
      return zip64 == null ? MemorySegment.NULL : zip64;
    }

    /// Finds the data of an entry, which must lie before the directory.
    private Found find(Listed entry, long limit) {
      long at = entry.header();
      if (at < 0 || at > limit - LOCAL_BYTES || data.get(INT, at) != LOCAL_SIGNATURE) {
        throw inEntry(
            entry.name(),
            "no local header at byte %s, expected one before the directory at byte %d"
                .formatted(Long.toUnsignedString(at), limit));
      }
      int nameLength = unsignedShort(at + 26);
      int extraLength = unsignedShort(at + 28);
      long begin = at + LOCAL_BYTES + nameLength + extraLength;
      if (begin > limit || entry.bytes() < 0 || entry.bytes() > limit - begin) {
        throw inEntry(
            entry.name(),
            "%s bytes at byte %d, expected at most %d, up to the directory"
                .formatted(Long.toUnsignedString(entry.bytes()), begin, limit - begin));
      }
      requireSameHeader(entry, data.asSlice(at + LOCAL_BYTES, nameLength));
      requireSameSizes(
          entry, extraFields(entry.name(), at + LOCAL_BYTES + nameLength, extraLength));
      long end = begin + entry.bytes();
      if ((entry.flags() & SIZES_FOLLOW) != 0) {
        end = endOfSizes(entry, end, limit);
      }
      return new Found(entry.name(), data.asSlice(begin, entry.bytes()), at, end);
    }

    private void requireSameHeader(Listed entry, MemorySegment name) {
      long at = entry.header();
      if (unsignedShort(at + 6) != entry.flags()
          || unsignedShort(at + 8) != 0
          || name.mismatch(entry.nameBytes()) >= 0) {
        throw inEntry(
            entry.name(),
            "its local header at byte %d has another name, method or flags than the directory"
                .formatted(at));
      }
    }

    /// Sizes and checksum of the local header, which are 0 if they follow the data.
    private void requireSameSizes(Listed entry, MemorySegment zip64) {
      long at = entry.header();
      long checksum = unsignedInt(at + 14);
      long stored = unsignedInt(at + 18);
      long bytes = unsignedInt(at + 22);
      boolean follow = (entry.flags() & SIZES_FOLLOW) != 0;
      if (follow && checksum == 0 && stored == 0 && bytes == 0) {
        return;
      }
      Sizes sizes = new Sizes(bytes, stored, 0).widened(zip64);
      if (sizes == null
          || sizes.bytes() != entry.bytes()
          || sizes.storedBytes() != entry.bytes()
          || checksum != entry.checksum()) {
        throw inEntry(
            entry.name(),
            "its local header at byte %d has other sizes than the directory".formatted(at));
      }
    }

    /// Where the sizes behind the data end, which have 32 or 64 bits.
    private long endOfSizes(Listed entry, long at, long limit) {
      long room = limit - at;
      boolean signed =
          room >= 16
              && data.get(INT, at) == SIZES_SIGNATURE
              && unsignedInt(at + 4) == entry.checksum();
      if (signed && unsignedInt(at + 8) == entry.bytes() && unsignedInt(at + 12) == entry.bytes()) {
        return at + 16;
      }
      if (signed
          && room >= 24
          && data.get(LONG, at + 8) == entry.bytes()
          && data.get(LONG, at + 16) == entry.bytes()) {
        return at + 24;
      }
      throw inEntry(
          entry.name(),
          "its sizes behind the data at byte %d are not those of the directory".formatted(at));
    }

    private void requireNoOverlap(List<Found> entries) {
      for (int i = 1; i < entries.size(); i++) {
        Found before = entries.get(i - 1);
        Found entry = entries.get(i);
        if (entry.header() < before.end()) {
          throw inEntry(
              entry.name(),
              "begins at byte %d, expected byte %d or later, the end of entry '%s'"
                  .formatted(entry.header(), before.end(), Excerpt.of(before.name())));
        }
      }
    }

    private StoredZip inOneFolder(List<Found> found) {
      String first = found.getFirst().name();
      String folder = first.substring(0, Math.max(0, first.indexOf('/')));
      var entries = new LinkedHashMap<String, MemorySegment>();
      for (Found entry : found) {
        String name = entry.name();
        if (folder.isEmpty() || !name.startsWith(folder + "/")) {
          throw inEntry(name, "lies outside of one folder that all entries are in");
        }
        if (entries.put(name.substring(folder.length() + 1), entry.data()) != null) {
          throw inEntry(name, "stands in the archive twice, expected once");
        }
      }
      return new StoredZip(folder, entries);
    }

    private void requireOneDisk(long record, int number, int other) {
      if (number != 0 || other != 0) {
        throw new MalformedModelException(
            file.name(), at(record), "is one of several parts, expected a single archive");
      }
    }

    private void requireSame(String what, long record, long found, long expected) {
      if (found != expected) {
        throw new MalformedModelException(
            file.name(),
            at(record),
            "%s is %s, expected %s"
                .formatted(what, Long.toUnsignedString(found), Long.toUnsignedString(expected)));
      }
    }

    private int unsignedShort(long at) {
      return Short.toUnsignedInt(data.get(SHORT, at));
    }

    private long unsignedInt(long at) {
      return Integer.toUnsignedLong(data.get(INT, at));
    }

    private static String at(long position) {
      return "zip record at byte " + Long.toUnsignedString(position);
    }

    private MalformedModelException inDirectory(String problem) {
      return new MalformedModelException(file.name(), "zip directory", problem);
    }

    private MalformedModelException inEntry(String name, String problem) {
      return new MalformedModelException(
          file.name(), "zip entry '" + Excerpt.of(name) + "'", problem);
    }
  }
}
