package org.glmspark.tests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The borders that the compiler does not see: Spark runs everything on one class path, where
/// `module-info` counts for nothing.
final class ArchitectureTest {
  private static final Path ROOT = Path.of(System.getProperty("glm.root"));
  private static final JavaClasses ENGINE = classesOf("engine");
  private static final JavaClasses UDFS = classesOf("udfs");
  private static final JavaClasses ALL = classesOf("engine", "udfs", "job");

  /// What each package of the engine may use, besides what those packages may use themselves. An
  /// arrow can only lead to a line above its own.
  private static final Map<String, Set<String>> ENGINE_PACKAGES = new LinkedHashMap<>();

  static {
    mayUse("tensor");
    mayUse("parallel");
    mayUse("kernel", "tensor");
    mayUse("format", "tensor");
    mayUse("tokenizer", "format");
    mayUse("prompt", "tokenizer");
    mayUse("model", "format", "tensor", "tokenizer", "prompt");
    mayUse("pack", "model");
    mayUse("cache", "tensor");
    mayUse("transformer", "model", "kernel", "cache", "parallel");
    mayUse("grammar", "tokenizer");
    mayUse("sampling", "kernel", "grammar");
    mayUse("generation", "transformer", "sampling");
    mayUse("bench", "transformer");
  }

  private static void mayUse(String name, String... used) {
    Set<String> reachable = new TreeSet<>(Set.of(used));
    for (String other : used) {
      assertThat(ENGINE_PACKAGES).as("arrows of %s", name).containsKey(other);
      reachable.addAll(ENGINE_PACKAGES.get(other));
    }
    ENGINE_PACKAGES.put(name, reachable);
  }

  private static JavaClasses classesOf(String... modules) {
    List<Path> folders =
        List.of(modules).stream().map(module -> ROOT.resolve(module, "target", "classes")).toList();
    return new ClassFileImporter().importPaths(folders);
  }

  private static List<String> enginePackages() {
    return List.copyOf(ENGINE_PACKAGES.keySet());
  }

  @ParameterizedTest
  @MethodSource("enginePackages")
  void enginePackageUsesOnlyWhatItsArrowsReach(String name) {
    List<String> allowed =
        ENGINE_PACKAGES.get(name).stream().map(used -> "org.glmspark." + used + "..").toList();
    String own = "org.glmspark." + name + "..";
    classes()
        .that(resideInAPackage(own))
        .should()
        .onlyDependOnClassesThat(
            not(resideInAPackage("org.glmspark.."))
                .or(resideInAPackage(own))
                .or(resideInAnyPackage(allowed.toArray(String[]::new))))
        .allowEmptyShould(true)
        .check(ENGINE);
  }

  @Test
  void everyEnginePackageHasItsArrows() {
    Set<String> names =
        ENGINE.stream()
            .map(JavaClass::getPackageName)
            .map(name -> name.replaceFirst("^org\\.glmspark\\.([^.]+).*", "$1"))
            .collect(Collectors.toSet());
    assertThat(ENGINE_PACKAGES.keySet()).containsAll(names);
    assertThat(names).contains("generation", "model", "tensor"); // the import found the engine
  }

  @Test
  void onlyKernelUsesTheVectorApi() {
    noClasses()
        .that(not(resideInAPackage("org.glmspark.kernel..")))
        .should()
        .dependOnClassesThat(resideInAPackage("jdk.incubator.vector.."))
        .check(ALL);
  }

  @Test
  void engineKnowsNoSpark() {
    noClasses()
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "org.apache.spark..",
                "org.apache.hadoop..",
                "scala..",
                "org.glmspark.udfs..",
                "org.glmspark.job.."))
        .check(ENGINE);
  }

  @Test
  void udfsKnowNoJob() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAPackage("org.glmspark.job.."))
        .allowEmptyShould(true)
        .check(UDFS);
  }

  @Test
  void engineDoesNotPrint() {
    NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(ENGINE);
  }

  @Test
  void engineDoesNotLog() {
    noClasses()
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "java.util.logging..",
                "org.slf4j..",
                "org.apache.logging..",
                "org.apache.log4j..",
                "org.apache.commons.logging.."))
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(System.Logger.class)
        .check(ENGINE);
  }

  @Test
  void engineReadsNoSettings() {
    noClasses()
        .should()
        .callMethod(System.class, "getProperty", String.class)
        .orShould()
        .callMethod(System.class, "getProperty", String.class, String.class)
        .orShould()
        .callMethod(System.class, "getProperties")
        .orShould()
        .callMethod(System.class, "getenv")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .orShould()
        .callMethod(Boolean.class, "getBoolean", String.class)
        .orShould()
        .callMethod(Integer.class, "getInteger", String.class)
        .orShould()
        .callMethod(Long.class, "getLong", String.class)
        .check(ENGINE);
  }
}
