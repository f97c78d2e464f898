/// The inference engine: GLM chat models on CPUs, without Spark.
///
/// Spark's class path ignores this descriptor; the architecture test guards the same border there.
module org.glmspark.engine {
  requires com.fasterxml.jackson.databind;
  requires java.management;
  requires jdk.incubator.vector;
  requires static transitive org.jspecify;

  exports org.glmspark.bench; // for glm bench
  exports org.glmspark.cache; // for KvCacheType, one of the engine's options
  exports org.glmspark.format; // for MalformedModelException
  exports org.glmspark.generation;
  exports org.glmspark.grammar; // for AnswerFormat
  exports org.glmspark.kernel; // for KernelChoice, and for benchmarks
  exports org.glmspark.kernel.x86; // for benchmarks
  exports org.glmspark.model;
  exports org.glmspark.pack;
  exports org.glmspark.prompt;
  exports org.glmspark.sampling;
  exports org.glmspark.tokenizer;
}
