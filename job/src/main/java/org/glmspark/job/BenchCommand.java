package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.glmspark.bench.MachineSpeed;
import org.glmspark.bench.ModelBenchmark;
import org.glmspark.bench.ProductBenchmark;
import org.glmspark.cache.KvCacheType;
import org.glmspark.job.options.ModelOptions;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.ModelShape;
import org.glmspark.model.RandomModel;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.WeightType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `glm bench`: how fast this machine runs a model, and how fast it could.
@Command(
    name = "bench",
    description = {
      "Measures prefill and decode of a model on this machine, and the ceilings of the",
      "machine in the same run. Needs no download: random weights of a published model's",
      "sizes do, those of glm-4-9b unless --shape or --model says otherwise. Every figure",
      "is the best of several runs."
    },
    footer = {
      "",
      "Examples:",
      "  glm bench --shape glm-4-9b --layers 8 --weights q4",
      "  glm bench --model sample-data/model --prompt 512 --batch 1,32"
    })
final class BenchCommand implements Callable<Integer> {
  private static final int STEP_TOKENS = 512;

  @SuppressWarnings("NullAway.Init") // picocli's work
  @Spec
  private CommandSpec spec;

  @Mixin private ShapeArgument random = new ShapeArgument();

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description = "weights of the random model: ${COMPLETION-CANDIDATES} (default: q4)")
  private @Nullable WeightType weights;

  @Option(
      names = "--output-weights",
      paramLabel = "TYPE",
      description = "the same for the output matrix (default: as --weights)")
  private @Nullable WeightType outputWeights;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "a model to measure instead: its pack, folder or GGUF file; or a URI of one")
  private @Nullable String model;

  @Mixin private ModelArgument argument = new ModelArgument();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads (default: one for each processor)")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--kernels",
      paramLabel = "CHOICE",
      description =
          "kernels for quantised weights: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private KernelChoice kernels = KernelChoice.AUTO;

  @Option(
      names = "--kv-cache-type",
      paramLabel = "TYPE",
      description =
          "how keys and values are stored: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private KvCacheType cacheType = KvCacheType.FLOAT16;

  @Option(
      names = "--products",
      paramLabel = "N,…",
      split = ",",
      description = "tokens of the matrix products (default: 1,4,16,64,512)")
  private List<Integer> products = List.of(1, 4, 16, 64, 512);

  @Option(
      names = "--attention",
      paramLabel = "N,…",
      split = ",",
      description = "tokens of context of the attention (default: 1024,8192,32768)")
  private List<Integer> contexts = List.of(1024, 8192, 32_768);

  @Option(
      names = "--prompt",
      paramLabel = "N,…",
      split = ",",
      description = "tokens of the prompts (default: 512,4096)")
  private List<Integer> prompts = List.of(512, 4096);

  @Option(
      names = "--batch",
      paramLabel = "N,…",
      split = ",",
      description = "sequences that decode at once (default: 1,4,16,32)")
  private List<Integer> batches = List.of(1, 4, 16, 32);

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      description = "tokens that each sequence decodes (default: ${DEFAULT-VALUE})")
  private int newTokens = 16;

  @Option(names = "--json", description = "for programs")
  private boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    requirePositive("--threads", List.of(threads));
    requirePositive("--products", products);
    requirePositive("--attention", contexts);
    requirePositive("--prompt", prompts);
    requirePositive("--batch", batches);
    requirePositive("--new-tokens", List.of(newTokens));
    PrintWriter out = spec.commandLine().getOut();
    try (WorkerPool workers = new WorkerPool("glm-bench", threads);
        Model measured = open()) {
      BenchReport report = measure(measured, workers);
      if (json) {
        out.println(
            new ObjectMapper()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(report.json()));
      } else {
        report.lines().forEach(out::println);
      }
    }
    out.flush();
    return 0;
  }

  private void requirePositive(String option, List<Integer> values) {
    for (int value : values) {
      if (value < 1) {
        throw new ParameterException(
            spec.commandLine(), "%s is %d, expected at least 1".formatted(option, value));
      }
    }
  }

  private Model open() {
    if (model != null) {
      if (random.isGiven() || weights != null || outputWeights != null) {
        throw new ParameterException(
            spec.commandLine(),
            "--model has its own sizes and weights, expected no --shape, --layers, --weights or --output-weights");
      }
      ModelOptions options = argument.options(model);
      PrintWriter err = spec.commandLine().getErr();
      Path here = ModelArgument.here(options, err);
      return ModelLoader.load(ModelArgument.opened(options, here, err), options.overrides());
    }
    ModelShape shape = random.shape() == null ? ModelShape.GLM_4_9B : random.shape();
    WeightType type = weights == null ? WeightType.Q4 : weights;
    return RandomModel.load(
        random.config(shape), type, outputWeights == null ? type : outputWeights);
  }

  private BenchReport measure(Model measured, WorkerPool workers) {
    MatMul matMul = MatMul.of(kernels);
    MachineSpeed machine = MachineSpeed.measure(workers);
    var report = new BenchReport(measured, threads, matMul.description(), machine);
    measureProducts(report, measured, matMul, workers);
    measureAttention(report, measured.config(), matMul, workers);
    measureModel(report, measured, matMul, workers);
    return report;
  }

  private void measureProducts(
      BenchReport report, Model measured, MatMul matMul, WorkerPool workers) {
    var benchmark = new ProductBenchmark(measured, matMul, workers, largest(products));
    for (int tokens : products) {
      for (ProductBenchmark.Product product : ProductBenchmark.Product.values()) {
        report.product(
            product.label() + " " + benchmark.shape(product),
            tokens,
            benchmark.measure(product, tokens));
      }
    }
  }

  private void measureAttention(
      BenchReport report, ModelConfig config, MatMul matMul, WorkerPool workers) {
    int cacheTokens = largest(contexts) + STEP_TOKENS;
    try (Model attention =
            RandomModel.load(ModelBenchmark.attentionOf(config), WeightType.F32, WeightType.F32);
        var benchmark =
            new ModelBenchmark(
                attention, cacheType, matMul, workers, STEP_TOKENS, 1, cacheTokens)) {
      for (int context : contexts) {
        report.attention(STEP_TOKENS, context, benchmark.prefillAfter(context, STEP_TOKENS));
        report.attention(1, context, benchmark.decode(1, context, newTokens));
      }
    }
  }

  private void measureModel(BenchReport report, Model measured, MatMul matMul, WorkerPool workers) {
    int context = prompts.stream().mapToInt(Integer::intValue).min().orElseThrow();
    int cacheTokens = Math.max(largest(prompts), largest(batches) * (context + newTokens));
    try (var benchmark =
        new ModelBenchmark(
            measured, cacheType, matMul, workers, STEP_TOKENS, largest(batches), cacheTokens)) {
      for (int prompt : prompts) {
        report.prefill(prompt, benchmark.prefill(prompt));
      }
      for (int batch : batches) {
        report.decode(batch, context, benchmark.decode(batch, context, newTokens));
      }
    }
  }

  private static int largest(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).max().orElseThrow();
  }
}
