package org.glmspark.format;

import java.lang.foreign.MemorySegment;
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
/// local header, name, extra fields, data, sizes again │ … │ directory │ what ZipDirectory reads
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

  private static final int LOCAL_BYTES = 30;

  private static final int ENCRYPTED = 1;
  private static final int SIZES_FOLLOW = 1 << 3;
  private static final int UTF8_NAME = 1 << 11;

  private static final int MAX_NAME_BYTES = 1024;

  StoredZip {
    entries = Collections.unmodifiableMap(entries);
  }

  /// Reads the directory of an archive and compares it with all local headers.
  ///
  /// @throws MalformedModelException if the file is no zip archive, breaks the format or the rules
  ///   above, or holds an entry that is compressed, encrypted or named like a path that leads
  ///   elsewhere
  static StoredZip read(MappedFile file) {
    return new Reader(new ZipFields(file)).read();
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
        if (values[i] == ZipFields.MAX_INT) {
          if (zip64.byteSize() - at < Long.BYTES) {
            return null;
          }
          values[i] = zip64.get(LittleEndian.LONG, at);
          at += Long.BYTES;
        }
      }
      return at == zip64.byteSize() ? new Sizes(values[0], values[1], values[2]) : null;
    }
  }

  private static final class Reader {
    private final ZipFields fields;

    Reader(ZipFields fields) {
      this.fields = fields;
    }

    StoredZip read() {
      ZipDirectory directory = ZipDirectory.read(fields);
      var found = new ArrayList<Found>();
      long at = directory.begin();
      for (long i = 0; i < directory.count(); i++) {
        Listed listed = listed(directory, i, at);
        at += entryBytes(at);
        found.add(find(listed, directory.begin()));
      }
      if (at != directory.end()) {
        throw fields.inDirectory(
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

    private Listed listed(ZipDirectory directory, long index, long at) {
      if (at > directory.end() - ZipFields.ENTRY_BYTES
          || fields.int32(at) != ENTRY_SIGNATURE
          || entryBytes(at) > directory.end() - at) {
        throw fields.inDirectory(
            "no whole entry at byte %d, expected entry %d of %d"
                .formatted(at, index + 1, directory.count()));
      }
      int nameLength = fields.unsignedShort(at + 28);
      MemorySegment nameBytes = fields.slice(at + ZipFields.ENTRY_BYTES, nameLength);
      String name = name(at, nameBytes);
      int flags = fields.unsignedShort(at + 8);
      requireStored(name, flags, fields.unsignedShort(at + 10));
      Sizes sizes =
          new Sizes(
                  fields.unsignedInt(at + 24),
                  fields.unsignedInt(at + 20),
                  fields.unsignedInt(at + 42))
              .widened(
                  fields.zip64(
                      name,
                      at + ZipFields.ENTRY_BYTES + nameLength,
                      fields.unsignedShort(at + 30)));
      if (sizes == null) {
        throw fields.inEntry(name, "its zip64 sizes are not those that its entry asks for");
      }
      if (sizes.bytes() != sizes.storedBytes()) {
        throw fields.inEntry(
            name,
            "%s bytes are stored as %s, expected as many"
                .formatted(
                    Long.toUnsignedString(sizes.bytes()),
                    Long.toUnsignedString(sizes.storedBytes())));
      }
      if (fields.unsignedShort(at + 34) != 0) {
        throw fields.inEntry(name, "lies in another part of the archive, expected a single part");
      }
      return new Listed(
          name, nameBytes, flags, fields.unsignedInt(at + 16), sizes.bytes(), sizes.header());
    }

    private int entryBytes(long at) {
      return ZipFields.ENTRY_BYTES
          + fields.unsignedShort(at + 28)
          + fields.unsignedShort(at + 30)
          + fields.unsignedShort(at + 32);
    }

    private String name(long at, MemorySegment bytes) {
      if (bytes.byteSize() > MAX_NAME_BYTES) {
        throw fields.inDirectory(
            "the name of the entry at byte %d has %d bytes, expected at most %d"
                .formatted(at, bytes.byteSize(), MAX_NAME_BYTES));
      }
      String name = fields.text(bytes, "name of the entry at byte " + at);
      if (!isPlain(name)) {
        throw fields.inEntry(
            name, "is no plain name, expected folder/name without '..', '\\' or ':'");
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
        throw fields.inEntry(name, "is encrypted, expected a plain entry");
      }
      if ((flags & ~(SIZES_FOLLOW | UTF8_NAME)) != 0) {
        throw fields.inEntry(
            name, String.format(Locale.ROOT, "has the unknown flags 0x%04x", flags));
      }
      if (method != 0) {
        throw fields.inEntry(
            name,
            "is compressed by method %d%s, expected method 0 (stored)"
                .formatted(method, method == 8 ? " (deflate)" : ""));
      }
    }

    /// Finds the data of an entry, which must lie before the directory.
    private Found find(Listed entry, long limit) {
      long at = entry.header();
      if (at < 0 || at > limit - LOCAL_BYTES || fields.int32(at) != LOCAL_SIGNATURE) {
        throw fields.inEntry(
            entry.name(),
            "no local header at byte %s, expected one before the directory at byte %d"
                .formatted(Long.toUnsignedString(at), limit));
      }
      int nameLength = fields.unsignedShort(at + 26);
      int extraLength = fields.unsignedShort(at + 28);
      long begin = at + LOCAL_BYTES + nameLength + extraLength;
      if (begin > limit || entry.bytes() < 0 || entry.bytes() > limit - begin) {
        throw fields.inEntry(
            entry.name(),
            "%s bytes at byte %d, expected at most %d, up to the directory"
                .formatted(Long.toUnsignedString(entry.bytes()), begin, limit - begin));
      }
      requireSameHeader(entry, fields.slice(at + LOCAL_BYTES, nameLength));
      requireSameSizes(
          entry, fields.zip64(entry.name(), at + LOCAL_BYTES + nameLength, extraLength));
      long end = begin + entry.bytes();
      if ((entry.flags() & SIZES_FOLLOW) != 0) {
        end = endOfSizes(entry, end, limit);
      }
      return new Found(entry.name(), fields.slice(begin, entry.bytes()), at, end);
    }

    private void requireSameHeader(Listed entry, MemorySegment name) {
      long at = entry.header();
      if (fields.unsignedShort(at + 6) != entry.flags()
          || fields.unsignedShort(at + 8) != 0
          || name.mismatch(entry.nameBytes()) >= 0) {
        throw fields.inEntry(
            entry.name(),
            "its local header at byte %d has another name, method or flags than the directory"
                .formatted(at));
      }
    }

    /// Sizes and checksum of the local header, which are 0 if they follow the data.
    private void requireSameSizes(Listed entry, MemorySegment zip64) {
      long at = entry.header();
      long checksum = fields.unsignedInt(at + 14);
      long stored = fields.unsignedInt(at + 18);
      long bytes = fields.unsignedInt(at + 22);
      boolean follow = (entry.flags() & SIZES_FOLLOW) != 0;
      if (follow && checksum == 0 && stored == 0 && bytes == 0) {
        return;
      }
      Sizes sizes = new Sizes(bytes, stored, 0).widened(zip64);
      if (sizes == null
          || sizes.bytes() != entry.bytes()
          || sizes.storedBytes() != entry.bytes()
          || checksum != entry.checksum()) {
        throw fields.inEntry(
            entry.name(),
            "its local header at byte %d has other sizes than the directory".formatted(at));
      }
    }

    /// Where the sizes behind the data end, which have 32 or 64 bits.
    private long endOfSizes(Listed entry, long at, long limit) {
      long room = limit - at;
      boolean signed =
          room >= 16
              && fields.int32(at) == SIZES_SIGNATURE
              && fields.unsignedInt(at + 4) == entry.checksum();
      if (signed
          && fields.unsignedInt(at + 8) == entry.bytes()
          && fields.unsignedInt(at + 12) == entry.bytes()) {
        return at + 16;
      }
      if (signed
          && room >= 24
          && fields.int64(at + 8) == entry.bytes()
          && fields.int64(at + 16) == entry.bytes()) {
        return at + 24;
      }
      throw fields.inEntry(
          entry.name(),
          "its sizes behind the data at byte %d are not those of the directory".formatted(at));
    }

    private void requireNoOverlap(List<Found> entries) {
      for (int i = 1; i < entries.size(); i++) {
        Found before = entries.get(i - 1);
        Found entry = entries.get(i);
        if (entry.header() < before.end()) {
          throw fields.inEntry(
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
          throw fields.inEntry(name, "lies outside of one folder that all entries are in");
        }
        if (entries.put(name.substring(folder.length() + 1), entry.data()) != null) {
          throw fields.inEntry(name, "stands in the archive twice, expected once");
        }
      }
      return new StoredZip(folder, entries);
    }
  }
}
