package org.glmspark.udfs.distribution;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.glmspark.pack.TargetLock;
import org.glmspark.udfs.distribution.ModelFiles.ModelFile;
import org.glmspark.udfs.distribution.RemoteModel.Listing;
import org.glmspark.udfs.distribution.RemoteModel.RemoteFile;
import org.jspecify.annotations.Nullable;

/// A machine's copies of models that lie elsewhere. Any of them may be deleted at any time.
///
/// @param folder is made when it is needed
public record ModelCopies(Path folder) {
  /// Characters of a digest in a name: 64 bits, against accidents only.
  private static final int KEY_LENGTH = 16;

  /// Files that are copied at the same time.
  private static final int STREAMS = 4;

  /// The modification time of every copied file: a later one is a change.
  private static final FileTime COPIED = FileTime.from(Instant.parse("2000-01-01T00:00:00Z"));

  /// What given files are, by their stamps.
  private static final ConcurrentMap<String, ModelFiles> GIVEN = new ConcurrentHashMap<>();

  private static final AtomicInteger MADE = new AtomicInteger();

  /// Copies this program made.
  public static int made() {
    return MADE.get();
  }

  /// The copy of a model, made now if the remote files are not those that were copied before.
  ///
  /// @throws ModelCopyException if the model cannot be read or the copy not written
  public LocalModel copy(RemoteModel model, ModelProgress progress) {
    Listing listing = model.list();
    Path note = folder.resolve("%s-%s.files".formatted(model.name(), key(listing.stamp())));
    @Nullable LocalModel known = known(model, listing, note);
    if (known != null) {
      return known;
    }
    return locked(
        note,
        progress,
        () -> {
          @Nullable LocalModel meanwhile = known(model, listing, note);
          return meanwhile == null ? copyAndNote(model, listing, note, progress) : meanwhile;
        });
  }

  private @Nullable LocalModel known(RemoteModel model, Listing listing, Path note) {
    @Nullable ModelFiles files;
    try {
      files = ModelFiles.parse(listing.main(), Files.readString(note));
    } catch (NoSuchFileException _) {
      return null;
    } catch (IOException e) {
      throw new ModelCopyException(
          "%s: cannot be read: %s; remove it, or choose another folder with model.pack-cache"
              .formatted(note, e.getMessage()),
          e);
    }
    return files != null && isSound(target(model, files), files)
        ? new LocalModel(files.in(target(model, files)), files)
        : null;
  }

  private LocalModel copyAndNote(
      RemoteModel model, Listing listing, Path note, ModelProgress progress) throws IOException {
    return aside(
        note,
        aside -> {
          ModelFiles files =
              new ModelFiles(
                  listing.main(), transfer(model, listing.files(), aside, note, progress));
          if (!model.list().stamp().equals(listing.stamp())) {
            throw new ModelCopyException(
                "%s: changed while it was copied; run again once it is complete".formatted(model));
          }
          Path target = target(model, files);
          var _ =
              locked(
                  target,
                  progress,
                  () -> {
                    if (!isSound(target, files)) {
                      publish(aside, target);
                    }
                    return target;
                  });
          Path written = Files.writeString(sibling(note, ".new"), files.text());
          Files.move(written, note, StandardCopyOption.ATOMIC_MOVE);
          done(target, files, progress);
          return new LocalModel(files.in(target), files);
        });
  }

  /// The copy of a file that Spark brought to this program, into a folder of its own: what it is
  /// has to be read anew by every program, and it is copied if no program did that before.
  ///
  /// @throws ModelCopyException if the model cannot be read or the copy not written
  public LocalModel copyOfGiven(RemoteModel model, ModelProgress progress) {
    Listing listing = model.list();
    @Nullable ModelFiles files = GIVEN.get(listing.stamp());
    if (files == null) {
      files =
          new ModelFiles(
              listing.main(), inParallel(listing.files(), file -> model.read(file, _ -> {})));
      GIVEN.put(listing.stamp(), files);
    }
    return new LocalModel(copy(model, files, progress), files);
  }

  /// The copy of a model whose files are known, made now if there is none.
  ///
  /// @param files what the driver found
  /// @return where the model is
  /// @throws ModelCopyException if the model cannot be read, is another one, or the copy cannot be
  ///   written
  public Path copy(RemoteModel model, ModelFiles files, ModelProgress progress) {
    Path target = target(model, files);
    if (!isSound(target, files)) {
      var _ =
          locked(
              target,
              progress,
              () -> {
                if (!isSound(target, files)) {
                  copyAndCompare(model, files, target, progress);
                }
                return target;
              });
    }
    return files.in(target);
  }

  private static void copyAndCompare(
      RemoteModel model, ModelFiles files, Path target, ModelProgress progress) throws IOException {
    var _ =
        aside(
            target,
            aside -> {
              var found =
                  new ModelFiles(
                      files.main(), transfer(model, model.locate(files), aside, target, progress));
              for (int i = 0; i < found.files().size(); i++) {
                requireSame(model, found.files().get(i), files.files().get(i));
              }
              publish(aside, target);
              done(target, files, progress);
              return target;
            });
  }

  private static void requireSame(RemoteModel model, ModelFile found, ModelFile expected) {
    if (!found.equals(expected)) {
      throw new ModelCopyException(
          "%s: %s has the SHA-256 %s, expected %s as on the driver; it was changed since, or damaged on its way: run again"
              .formatted(model, found.name(), found.sha256(), expected.sha256()));
    }
  }

  private Path target(RemoteModel model, ModelFiles files) {
    return folder.resolve(model.name() + "-" + key(files.digest()));
  }

  private static String key(String digest) {
    return digest.substring(0, KEY_LENGTH);
  }

  private static boolean isSound(Path copy, ModelFiles files) {
    for (ModelFile file : files.files()) {
      try {
        var found =
            Files.readAttributes(
                copy.resolve(file.name()), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!found.isRegularFile()
            || found.size() != file.bytes()
            || !found.lastModifiedTime().equals(COPIED)) {
          return false;
        }
      } catch (IOException _) {
        return false; // there is none, or none that can be used
      }
    }
    return true;
  }

  private <T> T locked(Path target, ModelProgress progress, Callable<T> work) {
    Path absolute = target.toAbsolutePath().normalize();
    try {
      Files.createDirectories(absolute.getParent());
      try (TargetLock _ = TargetLock.acquire(absolute, progress)) {
        return work.call();
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ModelCopyException(target + ": interrupted while waiting for another process", e);
    } catch (IOException e) {
      throw unwritable(absolute.resolveSibling(""), e);
    } catch (Exception e) {
      throw new IllegalStateException("copies fail with an IOException", e);
    }
  }

  private interface AsideWork<T> {
    T in(Path aside) throws IOException;
  }

  /// Does something with an empty folder, of which nothing is left in the end.
  private static <T> T aside(Path target, AsideWork<T> work) throws IOException {
    Path aside = sibling(target, ".tmp");
    delete(aside); // from a process that was killed
    Files.createDirectory(aside);
    T result;
    try {
      result = work.in(aside);
    } catch (Throwable t) {
      try {
        delete(aside);
      } catch (IOException e) {
        t.addSuppressed(e);
      }
      throw t;
    }
    delete(aside);
    return result;
  }

  private static Path sibling(Path target, String ending) {
    return target.resolveSibling("." + target.getFileName() + ending);
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      try (Stream<Path> content = Files.walk(folder)) {
        for (Path path : content.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  /// Who has files of a former folder open keeps them.
  private static void publish(Path aside, Path target) throws IOException {
    delete(target);
    Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
    MADE.incrementAndGet();
  }

  private static void done(Path target, ModelFiles files, ModelProgress progress) {
    long bytes = files.files().stream().mapToLong(ModelFile::bytes).sum();
    progress.copied(target, bytes, bytes);
  }

  private static List<ModelFile> transfer(
      RemoteModel model, List<RemoteFile> files, Path aside, Path target, ModelProgress progress)
      throws IOException {
    long all = files.stream().mapToLong(RemoteFile::bytes).sum();
    requireRoom(aside, model, all);
    progress.copied(target, 0, all);
    var done = new AtomicLong();
    return inParallel(
        files,
        file -> {
          Path copy = aside.resolve(file.name());
          try (FileChannel out =
              FileChannel.open(copy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ModelFile copied =
                model.read(
                    file,
                    content -> {
                      long now = done.addAndGet(content.remaining());
                      while (content.hasRemaining()) {
                        out.write(content);
                      }
                      if (now < all) {
                        progress.copied(target, now, all);
                      }
                    });
            out.force(true);
            Files.setLastModifiedTime(copy, COPIED);
            return copied;
          } catch (IOException e) {
            throw unwritable(aside.resolveSibling(""), e);
          }
        });
  }

  private static void requireRoom(Path aside, RemoteModel model, long bytes) throws IOException {
    long free = Files.getFileStore(aside).getUsableSpace();
    if (free < bytes) {
      throw new ModelCopyException(
          "%s: the copy of %s takes %s, but there are only %s free; make room, or choose another folder with model.pack-cache"
              .formatted(aside.getParent(), model, megabytes(bytes), megabytes(free)));
    }
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,d MB", Math.ceilDiv(bytes, 1_000_000));
  }

  private interface FileWork {
    ModelFile on(RemoteFile file) throws IOException;
  }

  /// The first failure ends all work, and none goes on when this returns.
  private static List<ModelFile> inParallel(List<RemoteFile> files, FileWork work) {
    var results = new ArrayList<ModelFile>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            Math.min(STREAMS, files.size()),
            Thread.ofPlatform().daemon().name("copy-model-", 0).factory())) {
      var finished = new ExecutorCompletionService<ModelFile>(threads);
      files.forEach(file -> {
        var _ = finished.submit(() -> work.on(file));
      });
      try {
        while (results.size() < files.size()) {
          results.add(finished.take().get());
        }
      } catch (ExecutionException e) {
        threads.shutdownNow();
        throw failure(e.getCause());
      } catch (InterruptedException e) {
        threads.shutdownNow();
        Thread.currentThread().interrupt();
        throw new ModelCopyException("interrupted while a model was copied", e);
      }
    }
    return results;
  }

  private static RuntimeException failure(@Nullable Throwable cause) {
    return cause instanceof RuntimeException known
        ? known
        : new IllegalStateException("a thread that copies a model failed", cause);
  }

  private static ModelCopyException unwritable(Path folder, IOException e) {
    String problem =
        switch (e) {
          case AccessDeniedException denied -> "this user may not write " + denied.getFile();
          case FileAlreadyExistsException there -> there.getFile() + " is there, and no folder";
          case FileSystemException system when system.getReason() != null ->
              "cannot write %s: %s".formatted(system.getFile(), system.getReason());
          default -> "the copy cannot be written: " + e.getMessage();
        };
    return new ModelCopyException(
        "%s: %s; make room or give permission, or choose another folder with model.pack-cache"
            .formatted(folder, problem),
        e);
  }
}
