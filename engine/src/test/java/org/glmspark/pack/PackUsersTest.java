package org.glmspark.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Caches of packs that several users have, or one that may not write. Only root can become
/// somebody else: for others some of these tests are skipped.
class PackUsersTest {
  private static final String NOBODY = "exec setpriv --reuid=65534 --regid=65534 --clear-groups";

  @TempDir Path folder;

  private Path cache(String permissions) throws IOException {
    Path cache = Files.createDirectory(folder.resolve("cache"));
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString(permissions));
    return cache;
  }

  private static void requireRoot() throws IOException {
    assumeTrue(
        "root".equals(System.getProperty("user.name"))
            && Stream.of("/usr/bin/setpriv", "/bin/setpriv").anyMatch(p -> new File(p).exists()),
        "needs root and setpriv to become another user");
  }

  /// Runs as somebody who can read no home: classes and model are copied to where all may read.
  private PackProcess asNobody(Path cache) throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> classPath = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path from = Path.of(entry);
      Path to = folder.resolve("classes").resolve(classPath.size() + "-" + from.getFileName());
      copy(from, to);
      classPath.add(to.toString());
    }
    return new PackProcess(
        NOBODY,
        String.join(File.pathSeparator, classPath),
        folder.resolve("log-" + System.nanoTime()),
        model(),
        cache,
        "--cache");
  }

  private Path model() throws IOException {
    Path model = folder.resolve("model");
    if (!Files.exists(model)) {
      copy(Packs.GOLDEN.resolve("glm-4-9b-chat"), model);
    }
    return model;
  }

  private static void copy(Path from, Path to) throws IOException {
    if (!Files.exists(from) || Files.exists(to)) {
      return;
    }
    Files.createDirectories(to.getParent());
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
          Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-r--r--"));
        }
      }
    }
  }

  private Path packed(Path cache) throws IOException {
    return new PackCache(cache).packed(model(), PackOptions.NATURAL, PackProgress.SILENT);
  }

  @Test
  void aPackInAFolderThatMayNotBeWrittenIsUsed() throws IOException, InterruptedException {
    requireRoot();
    Path cache = cache("rwxr-xr-x");
    packed(cache);

    PackProcess process = asNobody(cache);

    assertThat(process.exit()).as(process.output()).isZero();
    assertThat(process.output()).doesNotContain("packed");
  }

  @Test
  void aFolderThatMayNotBeWrittenIsReported() throws IOException, InterruptedException {
    requireRoot();

    PackProcess process = asNobody(cache("rwxr-xr-x"));

    assertThat(process.exit()).isEqualTo(1);
    assertThat(process.output())
        .contains("PackingException: ")
        .contains("this user may not write")
        .contains("choose another folder");
  }

  @Test
  void usersOfOneFolderUseThePacksOfEachOther() throws IOException, InterruptedException {
    requireRoot();
    Path cache = cache("rwxrwxrwx");
    PackProcess process = asNobody(cache);
    assertThat(process.exit()).as(process.output()).isZero();
    assertThat(process.output()).contains("packed");
    List<Path> packs;
    try (Stream<Path> files = Files.list(cache)) {
      packs = files.filter(file -> file.toString().endsWith(".glmpack")).toList();
    }
    Object key = Files.getAttribute(packs.getFirst(), "unix:ino");

    assertThat(packed(cache)).isEqualTo(packs.getFirst());
    assertThat(Files.getAttribute(packs.getFirst(), "unix:ino")).isEqualTo(key);
  }

  @Test
  void theFolderOfAUserInATemporaryFolderIsForThatUserAlone() throws IOException {
    PackCache cache = PackCache.ofUser(folder, "me");

    assertThat(cache.folder()).isEqualTo(folder.resolve("glm-spark-me"));
    assertThat(Files.getPosixFilePermissions(cache.folder()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(PackCache.ofUser(folder, "me")).isEqualTo(cache);
    assertThat(cache.folder()).isEmptyDirectory();
  }

  @Test
  void aFolderThatOthersMayChangeIsNotTrusted() throws IOException {
    Path open = Files.createDirectory(folder.resolve("glm-spark-me"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwx---"));
    assertNotTrusted();
    Files.delete(open);

    Files.createSymbolicLink(open, Files.createDirectory(folder.resolve("elsewhere")));
    assertNotTrusted();
  }

  @Test
  void aFolderOfAnotherUserIsNotTrusted() throws IOException {
    requireRoot();
    Path others = Files.createDirectory(folder.resolve("glm-spark-me"));
    Files.setPosixFilePermissions(others, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setAttribute(others, "unix:uid", 65534);

    assertNotTrusted();
  }

  private void assertNotTrusted() {
    assertThatThrownBy(() -> PackCache.ofUser(folder, "me"))
        .isInstanceOf(PackingException.class)
        .hasMessageContaining("is no folder of this user's own");
  }
}
