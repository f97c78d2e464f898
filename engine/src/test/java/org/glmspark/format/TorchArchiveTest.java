package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.glmspark.format.TorchFiles.SIX_FLOATS;
import static org.glmspark.format.TorchFiles.STORAGE;
import static org.glmspark.format.TorchFiles.archive;
import static org.glmspark.format.TorchFiles.assertRefused;
import static org.glmspark.format.TorchFiles.parse;
import static org.glmspark.format.TorchFiles.soundPickle;
import static org.glmspark.format.TorchFiles.wideArchive;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Archives of checkpoints, as zip programs write them and broken ones.
class TorchArchiveTest {
  @Test
  void readsArchivesWithSizesOf64Bits() {
    assertThat(parse(wideArchive().toByteArray()).tensors().get("a").floats())
        .containsExactly(1, 2, 3, 4, 5, 6);
  }

  static Stream<Arguments> brokenArchives() {
    ZipBytes zip = archive(soundPickle());
    int end = zip.end();
    int entry = zip.entry(STORAGE);
    int header = zip.header(STORAGE);
    int sizes = zip.sizes(STORAGE);
    return Stream.of(
        // the end
        withInt(zip, end, 0x06054b51, "end of the file: no end of a zip archive in the last 22"),
        withShort(zip, end + 20, 1, "no end of a zip archive in the last 22 of"),
        withShort(zip, end + 4, 1, "is one of several parts, expected a single archive"),
        withInt(zip, end + 8, 0x00030003, "3 entries, expected 1 to 2 in a directory of 110 bytes"),
        withInt(zip, end + 8, 0, "0 entries, expected 1 to 2 in a directory of 110 bytes"),
        withShort(zip, end + 8, 1, "entries is 1, expected 2"),
        withInt(zip, end + 8, 0x00010001, "zip directory: 110 bytes for 1 entries, expected 56"),
        withInt(zip, end + 12, 111, "the directory has 111 bytes at byte"),
        withInt(zip, end + 16, -1, "at byte 4294967295, expected it to end at byte " + end),
        withInt(zip, end + 16, end, "the directory has 110 bytes at byte %d".formatted(end)),
        // the directory
        withInt(zip, entry, 0, "no whole entry at byte %d, expected entry 2".formatted(entry)),
        withShort(zip, entry + 28, 0xFFFF, "no whole entry at byte " + entry),
        withShort(zip, entry + 8, 0x0809, "entry 'm/data/0': is encrypted, expected a plain"),
        withShort(zip, entry + 8, 0x2808, "entry 'm/data/0': has the unknown flags 0x2808"),
        withShort(zip, entry + 10, 8, "is compressed by method 8 (deflate), expected method 0"),
        withShort(zip, entry + 10, 93, "is compressed by method 93, expected method 0"),
        withInt(zip, entry + 20, 25, "24 bytes are stored as 25, expected as many"),
        withInt(zip, entry + 24, -1, "its zip64 sizes are not those that its entry asks for"),
        withShort(zip, entry + 34, 1, "lies in another part of the archive, expected a single"),
        withInt(zip, entry + 42, 7, "no local header at byte 7, expected one before the directory"),
        withInt(zip, entry + 42, 0xFFFFFF00, "no local header at byte 4294967040, expected one"),
        // the local header
        withShort(zip, header + 6, 0x0800, "at byte %d has another name, method".formatted(header)),
        withShort(zip, header + 8, 8, "has another name, method or flags than the directory"),
        withShort(zip, header + 30, 'n', "has another name, method or flags than the directory"),
        withShort(zip, header + 22, 24, "has other sizes than the directory"),
        withShort(zip, header + 28, 0x4000, "24 bytes at byte"),
        withShort(zip, header + 28, 3, "its extra fields are cut off at byte"),
        // the sizes behind the data
        withInt(zip, sizes, 0, "its sizes behind the data at byte %d are not".formatted(sizes)),
        withInt(zip, sizes + 4, 0, "its sizes behind the data at byte"),
        withInt(zip, sizes + 8, 25, "its sizes behind the data at byte"),
        withInt(zip, sizes + 12, 23, "its sizes behind the data at byte"));
  }

  static Stream<Arguments> brokenWideArchives() {
    ZipBytes zip = wideArchive();
    int end = zip.end();
    int locator = end + 56;
    int fields = zip.entry(STORAGE) + 46 + "m/data/0".length();
    return Stream.of(
        withInt(zip, locator + 8, end + 1, "offset of zip64 end is %d, exp".formatted(end + 1)),
        withInt(zip, locator + 12, -1, "offset of zip64 end is 184467440694145"),
        withInt(zip, locator + 16, 2, "is one of several parts, expected a single archive"),
        withInt(zip, end, 0, "no zip64 end of a zip archive, expected one"),
        withInt(zip, end + 4, 45, "bytes of zip64 end is 45, expected 44"),
        withInt(zip, end + 24, 1, "entries is 1, expected 2"),
        withInt(zip, end + 44, 1, "the directory has 4294967462 bytes at byte 327"),
        withInt(zip, end + 52, -1, "expected it to end at byte " + end),
        withShort(zip, locator + 20 + 10, 3, "entries is 3, expected 2"),
        withInt(zip, locator + 20 + 12, 1, "bytes of directory is 1, expected 166"),
        withInt(zip, locator + 20 + 16, 1, "offset of directory is 1, expected"),
        withInt(zip, fields + 4, 25, "25 bytes are stored as 24, expected as many"),
        withInt(zip, fields + 24, 1, "no local header at byte 42949"),
        withShort(zip, fields, 2, "its zip64 sizes are not those that its entry asks for"),
        withShort(zip, fields + 2, 22, "its extra fields are cut off"),
        withShort(zip, fields + 2, 25, "its extra fields are cut off"),
        withShort(
            zip, zip.entry(STORAGE) + 24, 24, "its zip64 sizes are not those that its entry"));
  }

  private static Arguments withInt(ZipBytes zip, int at, int value, String message) {
    byte[] bytes = zip.toByteArray();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
    return arguments(bytes, message);
  }

  private static Arguments withShort(ZipBytes zip, int at, int value, String message) {
    byte[] bytes = zip.toByteArray();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(at, (short) value);
    return arguments(bytes, message);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource({"brokenArchives", "brokenWideArchives"})
  void refusesBrokenArchives(byte[] archive, String message) {
    assertRefused(archive, message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/m/data/0",
        "..",
        "m/../data/0",
        "m/..",
        "m/./0",
        "m//0",
        "m/",
        "",
        "C:/m/0",
        "m\\0",
        "m/a\nb"
      })
  void refusesEntriesNamedLikeOtherPaths(String name) {
    assertRefused(
        archive(soundPickle()).add(name, "").toByteArray(),
        "is no plain name, expected folder/name without '..', '\\' or ':'");
  }

  @Test
  void refusesEntriesOfOtherFoldersAndEntriesTwice() {
    byte[] pickle = soundPickle();

    assertRefused(
        archive(pickle).add("n/data/0", "").toByteArray(),
        "zip entry 'n/data/0': lies outside of one folder that all entries are in");
    assertRefused(
        ZipBytes.narrow().add("data.pkl", pickle).toByteArray(), "'data.pkl': lies outside of one");
    assertRefused(
        archive(pickle).add("m/data/0", SIX_FLOATS).toByteArray(),
        "zip entry 'm/data/0': stands in the archive twice, expected once");
    assertRefused(
        archive(pickle).add("m/" + "n".repeat(1023), "").toByteArray(),
        "has 1025 bytes, expected at most 1024");
    assertRefused(
        ZipBytes.narrow().add("m/data/0", SIX_FLOATS).toByteArray(),
        "no entry 'm/data.pkl', expected one in a checkpoint");
  }

  @Test
  void refusesEntriesInsideOthers() {
    byte[] inner = ZipBytes.narrow().add("m/data/0", SIX_FLOATS).toByteArray();
    ZipBytes zip = ZipBytes.narrow().add("m/data.pkl", inner).add("m/data/0", SIX_FLOATS);
    int start = 30 + "m/data.pkl".length();
    byte[] bytes = zip.toByteArray();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(zip.entry(STORAGE) + 42, start);

    assertRefused(
        bytes,
        "zip entry 'm/data/0': begins at byte %d, expected byte %d or later, the end of entry"
            .formatted(start, zip.header(STORAGE)));
  }

  @Test
  void refusesOtherFormats() {
    byte[] legacy = new byte[100];
    byte[] magic = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e");
    System.arraycopy(magic, 0, legacy, 0, magic.length);

    assertRefused(legacy, "format: is the one that PyTorch wrote before version 1.6, expected its");
    assertRefused(new byte[1], "no end of a zip archive in the last 22 of 1 bytes");
    assertRefused(
        archive(soundPickle()).add("m/byteorder", "big").toByteArray(),
        "zip entry 'm/byteorder': is not 'little'");
  }

  @Test
  void readsArchivesOfOtherWritersIfTheyAreStored() throws IOException {
    assertThat(parse(javaArchive(ZipEntry.STORED)).tensors().get("a").floats())
        .containsExactly(1, 2, 3, 4, 5, 6);
    assertRefused(javaArchive(ZipEntry.DEFLATED), "is compressed by method 8 (deflate)");
  }

  private static byte[] javaArchive(int method) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      var contents = Map.of("m/data.pkl", soundPickle(), "m/data/0", SIX_FLOATS);
      for (Map.Entry<String, byte[]> content : contents.entrySet()) {
        var crc = new CRC32();
        crc.update(content.getValue());
        var entry = new ZipEntry(content.getKey());
        entry.setMethod(method);
        entry.setSize(content.getValue().length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content.getValue());
      }
    }
    return bytes.toByteArray();
  }
}
