package org.glmspark.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/// Writes zip archives of stored entries as PyTorch does, and says where their records lie so that
/// tests can break them.
final class ZipBytes {
  private static final int FLAGS = 0x0808; // the sizes follow the data, names are UTF-8

  private record Entry(byte[] name, long bytes, int checksum, long header) {}

  private record Part(long at, byte[] bytes) {}

  private final boolean wide;
  private final List<Part> parts = new ArrayList<>();
  private final List<Entry> entries = new ArrayList<>();
  private long size;

  private ZipBytes(boolean wide) {
    this.wide = wide;
  }

  /// An archive with the records of 32 bits only.
  static ZipBytes narrow() {
    return new ZipBytes(false);
  }

  /// An archive whose entries, sizes and offsets all stand in the fields of 64 bits.
  static ZipBytes wide() {
    return new ZipBytes(true);
  }

  ZipBytes add(String name, String data) {
    return add(name, data.getBytes(StandardCharsets.UTF_8));
  }

  ZipBytes add(String name, byte[] data) {
    var crc = new CRC32();
    crc.update(data);
    return add(name, data, data.length, (int) crc.getValue());
  }

  /// An entry of zeros, which take no space on disk.
  ZipBytes addHole(String name, long bytes) {
    return add(name, new byte[0], bytes, 0);
  }

  private ZipBytes add(String name, byte[] data, long bytes, int checksum) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    entries.add(new Entry(utf8, bytes, checksum, size));
    int extra = wide ? 20 : 0;
    byte[] header = new byte[30 + utf8.length + extra];
    ByteBuffer fields =
        wrap(header)
            .putInt(0x04034b50)
            .putShort((short) 0)
            .putShort((short) FLAGS)
            .position(26)
            .putShort((short) utf8.length)
            .putShort((short) extra)
            .put(utf8);
    if (wide) {
      fields.putShort((short) 1).putShort((short) 16).putLong(0).putLong(0);
    }
    append(header);
    append(data);
    size += bytes - data.length;
    byte[] sizes = new byte[wide ? 24 : 16];
    ByteBuffer sizeFields = wrap(sizes).putInt(0x08074b50).putInt(checksum);
    if (wide) {
      sizeFields.putLong(bytes).putLong(bytes);
    } else {
      sizeFields.putInt((int) bytes).putInt((int) bytes);
    }
    append(sizes);
    return this;
  }

  private void append(byte[] bytes) {
    parts.add(new Part(size, bytes));
    size += bytes.length;
  }

  /// Where the local header of an entry begins.
  int header(int entry) {
    return Math.toIntExact(entries.get(entry).header());
  }

  /// Where the sizes behind the data of an entry begin.
  int sizes(int entry) {
    Entry written = entries.get(entry);
    return header(entry) + 30 + written.name().length + (wide ? 20 : 0) + (int) written.bytes();
  }

  /// Where the entry of the directory begins.
  int entry(int entry) {
    return Math.toIntExact(directoryEntry(entry));
  }

  private long directoryEntry(int entry) {
    long at = size;
    for (int i = 0; i < entry; i++) {
      at += 46 + entries.get(i).name().length + (wide ? 28 : 0);
    }
    return at;
  }

  /// Where the record behind the directory begins, the one of 64 bits in a wide archive.
  int end() {
    return entry(entries.size());
  }

  byte[] toByteArray() {
    byte[] tail = tail();
    byte[] file = new byte[Math.toIntExact(size) + tail.length];
    for (Part part : parts) {
      System.arraycopy(part.bytes(), 0, file, Math.toIntExact(part.at()), part.bytes().length);
    }
    System.arraycopy(tail, 0, file, Math.toIntExact(size), tail.length);
    return file;
  }

  void write(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (Part part : parts) {
        channel.write(ByteBuffer.wrap(part.bytes()), part.at());
      }
      channel.write(ByteBuffer.wrap(tail()), size);
    }
  }

  /// The directory and the records behind it.
  private byte[] tail() {
    var tail = new ByteArrayOutputStream();
    entries.forEach(entry -> tail.writeBytes(directoryEntry(entry)));
    long end = directoryEntry(entries.size());
    if (wide) {
      byte[] wideEnd = new byte[56 + 20];
      wrap(wideEnd)
          .putInt(0x06064b50)
          .putLong(44)
          .putInt(0) // versions
          .putLong(0) // disks
          .putLong(entries.size())
          .putLong(entries.size())
          .putLong(end - size)
          .putLong(size)
          .putInt(0x07064b50)
          .putInt(0)
          .putLong(end)
          .putInt(1);
      tail.writeBytes(wideEnd);
    }
    byte[] narrowEnd = new byte[22];
    wrap(narrowEnd)
        .putInt(0x06054b50)
        .putInt(0) // disks
        .putShort((short) entries.size())
        .putShort((short) entries.size())
        .putInt((int) (end - size))
        .putInt((int) Math.min(size, 0xFFFF_FFFFL));
    tail.writeBytes(narrowEnd);
    return tail.toByteArray();
  }

  private byte[] directoryEntry(Entry entry) {
    int length = entry.name().length;
    int extra = wide ? 28 : 0;
    int narrowSize = wide ? -1 : (int) entry.bytes();
    byte[] bytes = new byte[46 + length + extra];
    ByteBuffer fields =
        wrap(bytes)
            .putInt(0x02014b50)
            .putInt(0) // versions
            .putShort((short) FLAGS)
            .position(16)
            .putInt(entry.checksum())
            .putInt(narrowSize)
            .putInt(narrowSize)
            .putShort((short) length)
            .putShort((short) extra)
            .position(42)
            .putInt(wide ? -1 : (int) entry.header())
            .put(entry.name());
    if (wide) {
      fields
          .putShort((short) 1)
          .putShort((short) 24)
          .putLong(entry.bytes())
          .putLong(entry.bytes())
          .putLong(entry.header());
    }
    return bytes;
  }

  private static ByteBuffer wrap(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
