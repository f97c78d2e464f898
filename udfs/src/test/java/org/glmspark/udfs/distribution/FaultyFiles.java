package org.glmspark.udfs.distribution;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/// The machine's files under URIs `faulty:///...`, read with a fault that a test asks for.
public final class FaultyFiles extends RawLocalFileSystem {
  /// What goes wrong; for all instances, since Hadoop makes them.
  static volatile Fault fault = Fault.NONE;

  enum Fault {
    NONE,
    /// Reading throws after half of a file.
    BREAKS_OFF,
    /// A file ends in its middle.
    ENDS_EARLY,
    /// Somebody replaces a file while it is read, by one of equal length.
    CHANGES
  }

  /// Where the file system is known by its scheme.
  static Configuration configuration() {
    var configuration = new Configuration();
    configuration.setClass(
        "fs.faulty.impl", FaultyFiles.class, org.apache.hadoop.fs.FileSystem.class);
    return configuration;
  }

  @Override
  public URI getUri() {
    return URI.create("faulty:///");
  }

  @Override
  public String getScheme() {
    return "faulty";
  }

  @Override
  public FSDataInputStream open(Path file, int bufferBytes) throws IOException {
    long half = getFileStatus(file).getLen() / 2;
    return new FSDataInputStream(new Faulty(super.open(file, bufferBytes), file, half));
  }

  private final class Faulty extends FSInputStream {
    private final FSDataInputStream in;
    private final Path file;
    private final long half;

    Faulty(FSDataInputStream in, Path file, long half) {
      this.in = in;
      this.file = file;
      this.half = half;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      boolean atHalf = getPos() >= half;
      switch (fault) {
        case NONE -> {}
        case BREAKS_OFF -> {
          if (atHalf) {
            throw new IOException("the connection is lost");
          }
        }
        case ENDS_EARLY -> {
          if (atHalf) {
            return -1;
          }
        }
        case CHANGES -> {
          if (atHalf) {
            setTimes(file, 86_400_000, -1);
          }
        }
      }
      return in.read(buffer, offset, atHalf ? length : (int) Math.min(length, half - getPos()));
    }

    @Override
    public void seek(long position) throws IOException {
      in.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return in.getPos();
    }

    @Override
    public boolean seekToNewSource(long position) throws IOException {
      return in.seekToNewSource(position);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
