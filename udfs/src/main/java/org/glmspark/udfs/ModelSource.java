package org.glmspark.udfs;

import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;
import org.glmspark.model.ModelOverrides;
import org.glmspark.pack.PackCache;
import org.glmspark.pack.PackOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.pack.PackingException;
import org.glmspark.udfs.distribution.LocalModel;
import org.glmspark.udfs.distribution.ModelCopies;
import org.glmspark.udfs.distribution.ModelCopyException;
import org.glmspark.udfs.distribution.ModelFiles;
import org.glmspark.udfs.distribution.ModelLocation;
import org.glmspark.udfs.distribution.ModelProgress;
import org.glmspark.udfs.distribution.RemoteModel;
import org.jspecify.annotations.Nullable;

/// Which model is meant, as a user says it.
///
/// @param location where there is a pack, a folder with `config.json` or a GGUF file
/// @param overrides what the user says against the model's files
/// @param packing the weight types, where the model is no pack
/// @param packCache the folder in which each machine keeps the packs and copies it made, or null
///   for the one that `spark.glm.pack-cache` names, or else [#standardCache]
public record ModelSource(
    ModelLocation location,
    ModelOverrides overrides,
    PackOptions packing,
    @Nullable String packCache)
    implements Serializable {
  private static final String PACK_CACHE = "spark.glm.pack-cache";
  private static final String COPIES = "copies";

  /// A model as its files say, packed as it is stored.
  public static ModelSource of(Path path) {
    return new ModelSource(
        ModelLocation.parse(path.toAbsolutePath().toString()),
        ModelOverrides.NONE,
        PackOptions.NATURAL,
        null);
  }

  /// Brings the model to this machine, if it lies elsewhere and was not brought before.
  ///
  /// @throws ModelCopyException if that fails
  public LocalModel here(ModelProgress progress) {
    return switch (location) {
      case ModelLocation.OnEachNode(String path) -> new LocalModel(Path.of(path), null);
      case ModelLocation.Remote(String uri) -> copies().copy(remote(uri), progress);
      case ModelLocation.Given(String name) -> copies().copyOfGiven(given(name), progress);
    };
  }

  /// The same where the driver has found what the model is.
  ///
  /// @param files what [LocalModel#files] was there
  /// @return a pack, a folder with `config.json` or a GGUF file
  Path here(@Nullable ModelFiles files, ModelProgress progress) {
    if (files == null) {
      return here(progress).path();
    }
    RemoteModel remote =
        switch (location) {
          case ModelLocation.OnEachNode(String path) ->
              throw new IllegalStateException("nobody copies " + path);
          case ModelLocation.Remote(String uri) -> remote(uri);
          case ModelLocation.Given(String name) -> given(name);
        };
    return copies().copy(remote, files, progress);
  }

  /// The pack of the model on this machine, made now if there is none.
  ///
  /// @param here what [#here] gave
  /// @throws MalformedModelException if there is no model this engine runs
  /// @throws PackingException if the pack cannot be written
  public Path packed(Path here, PackProgress progress) {
    if (packing.equals(PackOptions.NATURAL) && ModelPack.isOne(here)) {
      return here; // and no class of Spark is loaded to ask where packs are kept
    }
    return cache().packed(here, packing, progress);
  }

  private static RemoteModel remote(String uri) {
    return RemoteModel.at(new org.apache.hadoop.fs.Path(uri), hadoopConfiguration());
  }

  /// Spark has put the file into a folder of this process. YARN puts it into the current folder of
  /// a driver in the cluster, where Spark does not look for it.
  private RemoteModel given(String name) {
    if (SparkEnv.get() == null) {
      throw new ModelCopyException(
          "%s: only a Spark application has files of --files; name the file itself"
              .formatted(location));
    }
    Path file = Path.of(SparkFiles.get(name));
    Path current = Path.of(name).toAbsolutePath();
    if (!Files.exists(file) && !Files.exists(current)) {
      throw new ModelCopyException(
          "%s: Spark has no file of this name; give it with --files, or with spark.files"
              .formatted(location));
    }
    return RemoteModel.at(
        new org.apache.hadoop.fs.Path((Files.exists(file) ? file : current).toUri()),
        hadoopConfiguration());
  }

  private ModelCopies copies() {
    return new ModelCopies(cache().folder().resolve(COPIES));
  }

  private PackCache cache() {
    @Nullable String named = packCache == null ? configuredCache() : packCache;
    return named == null ? standardCache() : new PackCache(Path.of(named));
  }

  /// What the application was started with; where there is none yet, spark-submit has put its
  /// settings among the properties.
  private static @Nullable String configuredCache() {
    @Nullable SparkEnv environment = SparkEnv.get();
    return environment == null
        ? System.getProperty(PACK_CACHE)
        : environment.conf().get(PACK_CACHE, null);
  }

  /// `.cache/glm-spark` in the user's home; where there is no home that can be written, as for some
  /// users of clusters, a folder of the user's in the folder for temporary files.
  private static PackCache standardCache() {
    Path home = Path.of(System.getProperty("user.home", ""));
    return Files.isDirectory(home) && Files.isWritable(home)
        ? new PackCache(home.resolve(".cache").resolve("glm-spark"))
        : PackCache.ofUser(
            Path.of(System.getProperty("java.io.tmpdir")),
            System.getProperty("user.name", "packs"));
  }

  private static Configuration hadoopConfiguration() {
    @Nullable SparkEnv environment = SparkEnv.get();
    return SparkHadoopUtil.get()
        .newConfiguration(environment == null ? new SparkConf() : environment.conf());
  }
}
