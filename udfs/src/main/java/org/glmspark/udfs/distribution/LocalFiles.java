package org.glmspark.udfs.distribution;

import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/// Hadoop's local file system, checksums and all, that leaves files where they are: the original
/// moves a file whose checksum is wrong to a folder `bad_files`, and a model that was misread once,
/// over a network mount, would be gone for everybody.
final class LocalFiles extends LocalFileSystem {
  private LocalFiles(FileSystem raw) {
    super(raw);
  }

  /// The file system itself, or this in place of the original.
  static FileSystem inPlaceOf(FileSystem files) {
    return files.getClass() == LocalFileSystem.class
        ? new LocalFiles(((LocalFileSystem) files).getRawFileSystem())
        : files;
  }

  @Override
  public boolean reportChecksumFailure(
      Path file,
      FSDataInputStream content,
      long contentPosition,
      FSDataInputStream checksums,
      long checksumPosition) {
    return false; // nothing to try again; the reader fails
  }
}
