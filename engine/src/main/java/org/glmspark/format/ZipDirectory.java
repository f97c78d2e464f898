package org.glmspark.format;

/// Where the directory of a zip archive lies, as the records at the end of the file say.
///
/// ```
/// … directory │ zip64 end │ locator │ end
///   ▲  ▲            │  ▲        │      │
///   └──│────────────┘  └────────┘      │   the two in the middle only where
///      └───────────────────────────────┘   32 bits are not enough
/// ```
///
/// @param count of its entries, at least one
/// @param begin where it begins
/// @param end where it ends, at the first of the records
record ZipDirectory(long count, long begin, long end) {
  private static final int ZIP64_END_SIGNATURE = 0x06064b50;
  private static final int LOCATOR_SIGNATURE = 0x07064b50;
  private static final int END_SIGNATURE = 0x06054b50;

  private static final int ZIP64_END_BYTES = 56;
  private static final int LOCATOR_BYTES = 20;
  private static final int END_BYTES = 22;

  private static final int MAX_SHORT = 0xFFFF;

  /// Reads the records, which must agree with each other.
  ///
  /// @throws MalformedModelException if the file ends otherwise than an archive without a comment
  static ZipDirectory read(ZipFields fields) {
    return new Reader(fields).read();
  }

  private record Reader(ZipFields fields) {

    ZipDirectory read() {
      long end = fields.bytes() - END_BYTES;
      if (end < 0 || fields.int32(end) != END_SIGNATURE || fields.unsignedShort(end + 20) != 0) {
        throw new MalformedModelException(
            fields.file(),
            "end of the file",
            "no end of a zip archive in the last %d of %d bytes; the file is cut off or not whole"
                .formatted(END_BYTES, fields.bytes()));
      }
      requireOneDisk(end, fields.unsignedShort(end + 4), fields.unsignedShort(end + 6));
      long locator = end - LOCATOR_BYTES;
      boolean zip64 = locator >= 0 && fields.int32(locator) == LOCATOR_SIGNATURE;
      ZipDirectory directory = zip64 ? zip64Directory(locator) : directory(end);
      requireSame(
          "entries", end, fields.unsignedShort(end + 8), Math.min(directory.count(), MAX_SHORT));
      requireSame(
          "entries", end, fields.unsignedShort(end + 10), Math.min(directory.count(), MAX_SHORT));
      long bytes = directory.end() - directory.begin();
      requireSame(
          "bytes of directory",
          end,
          fields.unsignedInt(end + 12),
          Math.min(bytes, ZipFields.MAX_INT));
      requireSame(
          "offset of directory",
          end,
          fields.unsignedInt(end + 16),
          Math.min(directory.begin(), ZipFields.MAX_INT));
      return directory;
    }

    private ZipDirectory directory(long end) {
      return directory(
          end,
          fields.unsignedShort(end + 10),
          fields.unsignedInt(end + 12),
          fields.unsignedInt(end + 16),
          end);
    }

    private ZipDirectory zip64Directory(long locator) {
      requireOneDisk(locator, fields.int32(locator + 4), fields.int32(locator + 16) - 1);
      long end = fields.int64(locator + 8);
      requireSame("offset of zip64 end", locator, end, locator - ZIP64_END_BYTES);
      if (end < 0 || fields.int32(end) != ZIP64_END_SIGNATURE) {
        throw new MalformedModelException(
            fields.file(), at(end), "no zip64 end of a zip archive, expected one");
      }
      requireSame("bytes of zip64 end", end, fields.int64(end + 4), ZIP64_END_BYTES - 12);
      requireOneDisk(end, fields.int32(end + 16), fields.int32(end + 20));
      requireSame("entries", end, fields.int64(end + 24), fields.int64(end + 32));
      return directory(
          end, fields.int64(end + 32), fields.int64(end + 40), fields.int64(end + 48), end);
    }

    /// @param end where the directory must end, at the record that describes it
    private ZipDirectory directory(long record, long count, long bytes, long begin, long end) {
      if (begin < 0 || begin > end || bytes != end - begin) {
        throw new MalformedModelException(
            fields.file(),
            at(record),
            "the directory has %s bytes at byte %s, expected it to end at byte %d"
                .formatted(Long.toUnsignedString(bytes), Long.toUnsignedString(begin), end));
      }
      if (count < 1 || count > bytes / ZipFields.ENTRY_BYTES) {
        throw new MalformedModelException(
            fields.file(),
            at(record),
            "%s entries, expected 1 to %d in a directory of %d bytes"
                .formatted(Long.toUnsignedString(count), bytes / ZipFields.ENTRY_BYTES, bytes));
      }
      return new ZipDirectory(count, begin, end);
    }

    private void requireOneDisk(long record, int number, int other) {
      if (number != 0 || other != 0) {
        throw new MalformedModelException(
            fields.file(), at(record), "is one of several parts, expected a single archive");
      }
    }

    private void requireSame(String what, long record, long found, long expected) {
      if (found != expected) {
        throw new MalformedModelException(
            fields.file(),
            at(record),
            "%s is %s, expected %s"
                .formatted(what, Long.toUnsignedString(found), Long.toUnsignedString(expected)));
      }
    }

    private static String at(long position) {
      return "zip record at byte " + Long.toUnsignedString(position);
    }
  }
}
