package org.glmspark.pack;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.PackHeader;
import org.glmspark.format.PackPart;
import org.glmspark.model.EngineVersion;
import org.glmspark.model.PackContent;
import org.glmspark.tensor.NonFiniteWeightException;
import org.jspecify.annotations.Nullable;

/// Writes the parts of a pack to their places, one part to a thread, the largest ones first; at
/// last the header, with the digests of what was written.
final class PackWriter {
  private static final String PACKER = "glm-spark " + EngineVersion.current();

  private final PackContent content;
  private final List<PartContent> contents = new ArrayList<>();
  private final List<Long> offsets;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  PackWriter(PackContent content, PackOptions options) {
    this.content = content;
    content
        .files()
        .forEach((name, data) ->
            contents.add(
                new PartContent.Stored(
                    PackPart.file(name, Math.toIntExact(data.byteSize())), data)));
    content.weights().forEach(weight -> contents.add(PartContent.of(weight, options)));
    List<PackPart> parts = contents.stream().map(PartContent::part).toList();
    offsets = new PackHeader(PACKER, PackPart.NO_DIGEST, parts).offsets();
  }

  /// The size of the file.
  long bytes() {
    return offsets.getLast();
  }

  /// Writes the whole file and waits until the disk has it.
  ///
  /// @param target what the progress is told about
  /// @throws MalformedModelException if a weight is not finite
  void write(FileChannel file, Path target, PackProgress progress) throws IOException {
    @Nullable String[] digests = new String[contents.size()];
    var sourceDigest = new AtomicReference<String>(PackPart.NO_DIGEST);
    var done = new AtomicLong();
    progress.packed(target, 0, bytes());
    try (ExecutorService threads = threads()) {
      threads.execute(() -> run(() -> sourceDigest.set(content.sourceDigest())));
      for (int part : largestFirst()) {
        threads.execute(() ->
            run(() ->
                digests[part] =
                    write(
                        contents.get(part),
                        file,
                        offsets.get(part),
                        bytes -> progress.packed(target, done.addAndGet(bytes), bytes()))));
      }
    }
    throwFailure();
    List<PackPart> parts =
        IntStream.range(0, digests.length)
            .mapToObj(i -> contents.get(i).part().withDigest(String.valueOf(digests[i])))
            .toList();
    writeAll(file, ByteBuffer.wrap(new PackHeader(PACKER, sourceDigest.get(), parts).encode()), 0);
    file.force(true);
    progress.packed(target, bytes(), bytes());
  }

  private static ExecutorService threads() {
    return Executors.newFixedThreadPool(
        Runtime.getRuntime().availableProcessors(),
        Thread.ofPlatform().daemon().name("pack-model-", 0).factory());
  }

  private List<Integer> largestFirst() {
    return IntStream.range(0, contents.size())
        .boxed()
        .sorted(Comparator.comparingLong((Integer i) -> contents.get(i).part().bytes()).reversed())
        .toList();
  }

  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  /// Work for a thread of the pool. After a failure nothing is begun any more.
  private void run(Step step) {
    if (failure.get() == null) {
      try {
        step.run();
      } catch (IOException | RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
    }
  }

  private void throwFailure() throws IOException {
    switch (failure.get()) {
      case null -> {}
      case NonFiniteWeightException e ->
          throw new MalformedModelException(e.file(), e.place(), e.problem(), e);
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  @FunctionalInterface
  private interface Counter {
    void add(long bytes);
  }

  /// @return the SHA-256 of the part
  private String write(PartContent content, FileChannel file, long offset, Counter counter)
      throws IOException {
    MessageDigest sha256 = sha256();
    long[] position = {offset};
    try (Arena memory = Arena.ofConfined()) {
      content.<IOException>send(
          memory,
          window -> {
            if (failure.get() == null) {
              sha256.update(window.asByteBuffer());
              writeAll(file, window.asByteBuffer(), position[0]);
              position[0] += window.byteSize();
              counter.add(window.byteSize());
            }
          });
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  private static void writeAll(FileChannel file, ByteBuffer bytes, long offset) throws IOException {
    long position = offset;
    while (bytes.hasRemaining()) {
      position += file.write(bytes, position);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
