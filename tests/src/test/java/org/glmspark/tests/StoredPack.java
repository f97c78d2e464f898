package org.glmspark.tests;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.glmspark.pack.IfPresent;
import org.glmspark.pack.ModelPacker;
import org.glmspark.pack.PackOptions;
import org.glmspark.udfs.distribution.ModelProgress;

/// The sample model's pack on a file system that keeps checksums, where it can be damaged.
final class StoredPack {
  /// The pack as it was before it was stored.
  final Path source;

  private final Path stored;

  StoredPack(Path folder) throws IOException {
    source = folder.resolve("source.glmpack");
    new ModelPacker(PackOptions.NATURAL, ModelProgress.SILENT)
        .pack(SampleModel.FOLDER, source, IfPresent.REFUSE);
    stored = Files.createDirectory(folder.resolve("store")).resolve("model.glmpack");
    try (OutputStream out =
        FileSystem.getLocal(new Configuration())
            .create(new org.apache.hadoop.fs.Path(stored.toUri()))) {
      Files.copy(source, out);
    }
  }

  /// Where it is, for Hadoop.
  String uri() {
    return "file://" + stored;
  }

  long size() throws IOException {
    return Files.size(stored);
  }

  /// Changes one bit, or changes it back; the checksum stays.
  void flip(long position) throws IOException {
    try (FileChannel file =
        FileChannel.open(stored, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      file.read(one, position);
      file.write(one.flip().put(0, (byte) (one.get(0) ^ 1)), position);
    }
  }
}
