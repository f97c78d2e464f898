package org.glmspark.generation;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.glmspark.cache.BlockTable;
import org.glmspark.cache.PagedKvCache;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.grammar.AnswerGrammar;
import org.glmspark.grammar.AnswerGrammars;
import org.glmspark.grammar.AnswerState;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.ModelOverrides;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.Sampler;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.transformer.Transformer;
import org.jspecify.annotations.Nullable;

/// Completes many prompts at once in one shared batch.
///
/// ```java
/// try (GenerationEngine engine = GenerationEngine.open(folder, EngineOptions.defaults())) {
///   int[] prompt = engine.model().chatTemplate().encode(List.of(ChatMessage.user("…")));
///   String answer = engine.submit(new GenerationRequest(prompt, SamplingParameters.greedy(100))).get().text();
/// }
/// ```
public final class GenerationEngine implements AutoCloseable {
  /// Rows of logits that a step has memory for, if the batch does not need more: a text that is
  /// scored wants one for each token.
  private static final int SCORED_ROWS = 64;

  private final Model model;
  private final EngineOptions options;

  /// Ascending.
  private final int[] stopTokens;

  /// Null if the model has no tokenizer.
  private final @Nullable AnswerGrammars grammars;

  private final String kernels;
  private final PagedKvCache cache;
  private final RequestLimits limits;
  private final WorkerPool workers;
  private final ContinuousBatchScheduler scheduler;
  private final LinkedBlockingQueue<Sequence> inbox = new LinkedBlockingQueue<>();
  private final Thread stepper;
  private final AtomicBoolean closed = new AtomicBoolean();

  /// Why the engine takes no requests; null while it does.
  private volatile @Nullable Throwable end;

  /// Starts the threads of an engine. The engine closes the model.
  ///
  /// @throws IllegalArgumentException if the cache cannot hold a single block
  /// @throws java.io.UncheckedIOException if the cache is to lie in a file and the disk has no room
  /// @throws IllegalStateException if kernels were asked for that this machine has not
  public GenerationEngine(Model model, EngineOptions options) {
    this.model = model;
    this.options = options;
    MatMul matMul = MatMul.of(options.kernels());
    this.kernels = matMul.description();
    ModelConfig config = model.config();
    this.stopTokens = config.stopTokens().stream().mapToInt(id -> id).distinct().sorted().toArray();
    Tokenizer tokenizer = model.tokenizer();
    this.grammars =
        tokenizer == null
            ? null
            : new AnswerGrammars(tokenizer.vocabulary(), config.vocabularySize());
    this.cache = cache(config, options);
    this.limits = new RequestLimits(config, cache);
    this.workers = new WorkerPool("glm-worker", options.threads());
    int logitRows = Math.max(options.maxBatch(), Math.min(SCORED_ROWS, options.stepTokens()));
    Transformer transformer =
        new Transformer(
            config, model.weights(), cache, workers, matMul, options.stepTokens(), logitRows);
    this.scheduler =
        new ContinuousBatchScheduler(
            model,
            transformer,
            workers,
            new RunningBatch(cache, options.prefixCache(), options.maxBatch()),
            logitRows);
    this.stepper = new Thread(this::run, "glm-engine");
    stepper.setDaemon(true);
    stepper.start();
  }

  /// Begins, in the background, what the first engine of a process would wait for: to assemble the
  /// kernels takes about as long as to open a model. To be called before a model is opened that is
  /// then given to a new engine; [#open] does so itself.
  public static void prepareKernels() {
    Thread.ofPlatform()
        .daemon()
        .name("glm-kernels")
        .start(() -> {
          var _ = MatMul.of(KernelChoice.AUTO);
        });
  }

  /// Opens a model as its files say.
  ///
  /// @throws org.glmspark.format.MalformedModelException as the other [#open]
  public static GenerationEngine open(Path path, EngineOptions options) {
    return open(path, ModelOverrides.NONE, options);
  }

  /// Opens a model and starts an engine on it.
  ///
  /// @param path the model's folder or GGUF file
  /// @throws org.glmspark.format.MalformedModelException if there is no model this engine runs
  public static GenerationEngine open(Path path, ModelOverrides overrides, EngineOptions options) {
    prepareKernels();
    Model model = ModelLoader.load(path, overrides);
    try {
      return new GenerationEngine(model, options);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /// Memory that an engine takes for keys and values: what the options allow, but no more than the
  /// largest batch can fill.
  ///
  /// @throws IllegalArgumentException if that is not even one block
  public static long cacheBytes(ModelConfig config, EngineOptions options) {
    return cacheBlocks(config, options) * blockBytes(config, options);
  }

  private static PagedKvCache cache(ModelConfig config, EngineOptions options) {
    int blocks = cacheBlocks(config, options);
    String folder = options.kvCacheFolder();
    return switch (options.kvCacheStorage()) {
      case MEMORY ->
          new PagedKvCache(
              options.kvCacheType(),
              config.layers(),
              config.keyValueHeads(),
              config.headSize(),
              blocks);
      case FILE ->
          PagedKvCache.inFile(
              options.kvCacheType(),
              config.layers(),
              config.keyValueHeads(),
              config.headSize(),
              blocks,
              folder == null ? null : Path.of(folder));
    };
  }

  private static int cacheBlocks(ModelConfig config, EngineOptions options) {
    long blockBytes = blockBytes(config, options);
    long most = (long) options.maxBatch() * BlockTable.blocksFor(config.contextTokens());
    long blocks = Math.min(most, options.kvCacheBytes() / blockBytes);
    if (blocks < 1) {
      throw new IllegalArgumentException(
          "kv-cache-bytes is %d, one block of %d tokens takes %d"
              .formatted(options.kvCacheBytes(), PagedKvCache.BLOCK_TOKENS, blockBytes));
    }
    return (int) Math.min(blocks, Integer.MAX_VALUE);
  }

  private static long blockBytes(ModelConfig config, EngineOptions options) {
    return PagedKvCache.blockBytes(
        options.kvCacheType(), config.layers(), config.keyValueHeads(), config.headSize());
  }

  /// The model, for its tokenizer and chat template. Closed with the engine.
  public Model model() {
    return model;
  }

  /// Queues a prompt to complete; any thread may call. Cancelling the future withdraws the request.
  ///
  /// The future completes exceptionally only if the engine as a whole fails or is closed; a request
  /// that cannot be answered, or makes a step fail, gets a result with [FinishReason#ERROR].
  ///
  /// @throws IllegalArgumentException if a token of the prompt or of the sampling parameters is no
  ///   id of the model, or if there are stop strings, bad words or an answer format and the model
  ///   has no tokenizer, or its vocabulary cannot write the format
  /// @throws IllegalStateException if the engine is closed or has failed
  public CompletableFuture<GenerationResult> submit(GenerationRequest request) {
    return submit(request, (_, _) -> {});
  }

  /// As the other `submit`, telling a listener of each token as it is done. One that is refused at
  /// once tells nothing.
  public CompletableFuture<GenerationResult> submit(
      GenerationRequest request, TokenListener listener) {
    requireOpen();
    limits.requireIds(request.promptTokens());
    SamplingParameters sampling = request.sampling();
    sampling.requireIdsBelow(model.config().vocabularySize());
    String requestId = requestId(request);
    AnswerFormat format = request.format();
    AnswerGrammar grammar = format == null ? null : grammar(format);
    GenerationRequest asked =
        grammar == null || request.isCall() ? request : withAnswerPrefix(request);
    RowError error = limits.refusal(asked, grammar);
    if (error != null) {
      return CompletableFuture.completedFuture(
          GenerationResult.refused(requestId, asked.promptTokens().length, error));
    }
    var sampler =
        new Sampler(
            sampling,
            streamId(request, requestId),
            asked.promptTokens(),
            stopTokens,
            badWords(sampling.badWords()),
            grammar == null ? null : start(asked, grammar));
    var stopCondition = new StopCondition(sampling, stopTokens, stopStrings(sampling.stop()));
    var sequence =
        new GeneratedSequence(
            asked,
            requestId,
            model.config().contextTokens(),
            sampler,
            stopCondition,
            grammar,
            options.promptLookup(),
            listener);
    enqueue(sequence);
    return sequence.future();
  }

  /// What chooses the random stream: to be told more of a completion does not change it.
  private String streamId(GenerationRequest request, String requestId) {
    return request.sampling().logprobs() == null
        ? requestId
        : requestId(request.withoutLogProbabilities());
  }

  private AnswerGrammar grammar(AnswerFormat format) {
    if (grammars == null) {
      throw new IllegalArgumentException(
          "response format: %s has no tokenizer that could tell text".formatted(model.path()));
    }
    return grammars.of(format);
  }

  /// Refuses a format that the model's vocabulary cannot write, as [#submit(GenerationRequest)]
  /// does.
  ///
  /// @throws IllegalArgumentException if it cannot, or the model has no tokenizer
  public void requireWritable(AnswerFormat format) {
    var _ = grammar(format);
  }

  /// The request with what the model would write before its answer as the end of the prompt.
  private GenerationRequest withAnswerPrefix(GenerationRequest request) {
    ChatTemplate template = model.chatTemplate();
    int[] prefix = template == null ? new int[0] : template.answerPrefix();
    int[] prompt = request.promptTokens();
    int[] whole = Arrays.copyOf(prompt, prompt.length + prefix.length);
    System.arraycopy(prefix, 0, whole, prompt.length, prefix.length);
    return request.withPrompt(whole);
  }

  private AnswerState start(GenerationRequest request, AnswerGrammar grammar) {
    int[] ends = request.sampling().ignoreEos() ? new int[0] : stopTokens;
    return grammar.start(limits.answerTokens(request), ends);
  }

  private List<int[]> badWords(Set<String> words) {
    return words.isEmpty() ? List.of() : BadWords.encode(words, tokenizerFor("bad_words"));
  }

  private @Nullable StopStrings stopStrings(Set<String> strings) {
    return strings.isEmpty() ? null : new StopStrings(tokenizerFor("stop"), strings);
  }

  private Tokenizer tokenizerFor(String option) {
    Tokenizer tokenizer = model.tokenizer();
    if (tokenizer == null) {
      throw new IllegalArgumentException(
          "%s: %s has no tokenizer that could tell text".formatted(option, model.path()));
    }
    return tokenizer;
  }

  /// Queues a text to score; else as the other `submit`.
  public CompletableFuture<ScoringResult> submit(ScoringRequest request) {
    requireOpen();
    limits.requireIds(request.tokens());
    int tokens = request.tokens().length;
    RowError error = limits.refusal(tokens, tokens - 1); // nothing follows the last one
    if (error != null) {
      return CompletableFuture.completedFuture(ScoringResult.refused(error));
    }
    var sequence = new ScoredSequence(request);
    enqueue(sequence);
    return sequence.future();
  }

  /// Queues labels to score after one prompt, which is computed once; else as the other `submit`.
  public CompletableFuture<LabelResult> submit(LabelRequest request) {
    requireOpen();
    limits.requireIds(request.promptTokens());
    request.labels().forEach(limits::requireIds);
    RowError error = limits.refusal(request);
    if (error != null) {
      var usage = new GenerationResult.Usage(request.promptTokens().length, 0, 0);
      return CompletableFuture.completedFuture(new LabelResult(List.of(), error, usage));
    }
    var sequence = new LabelSequence(request);
    enqueue(sequence);
    return sequence.future();
  }

  /// Queues a text to pool; else as the other `submit`.
  public CompletableFuture<PoolingResult> submit(PoolingRequest request) {
    requireOpen();
    limits.requireIds(request.tokens());
    RowError error = limits.refusal(request.endPooled(), request.endPooled());
    if (error != null) {
      return CompletableFuture.completedFuture(PoolingResult.refused(error));
    }
    var sequence = new PooledSequence(request, model.config().hiddenSize());
    enqueue(sequence);
    return sequence.future();
  }

  private void enqueue(Sequence sequence) {
    inbox.add(sequence);
    Throwable cause = end;
    if (cause != null) { // ended meanwhile: nobody reads the inbox any more
      failInbox(cause);
    }
  }

  /// The SHA-256, in hexadecimal, of everything the completion of this request depends on, and of
  /// how much of it is told.
  public String requestId(GenerationRequest request) {
    return RequestId.of(
        model.digest(), model.overrides(), stopTokens, options.kvCacheType(), request);
  }

  /// Most tokens of one sequence, prompt and completion together: what the model's context and the
  /// cache have room for.
  public int longestSequence() {
    return limits.longestSequence();
  }

  /// Requests that wait for a place in the batch.
  public int waiting() {
    return inbox.size() + scheduler.stats().waiting();
  }

  public EngineOptions options() {
    return options;
  }

  /// Which kernels compute here, for people; see [MatMul#description].
  public String kernels() {
    return kernels;
  }

  /// What the engine is doing and has done so far. Any thread may ask, at any time.
  public EngineStats stats() {
    EngineStats stats = scheduler.stats();
    return stats.withWaiting(stats.waiting() + inbox.size());
  }

  private void requireOpen() {
    Throwable cause = end;
    if (cause != null) {
      throw new IllegalStateException("the engine takes no requests: " + cause.getMessage(), cause);
    }
  }

  private void run() {
    try {
      while (end == null) {
        if (scheduler.idle()) {
          scheduler.add(inbox.take());
        }
        for (Sequence next = inbox.poll(); next != null; next = inbox.poll()) {
          scheduler.add(next);
        }
        scheduler.step();
      }
    } catch (InterruptedException e) {
      // this is how close() wakes an idle engine; it has set the end
    } catch (RuntimeException | Error e) { // reported through every open future and later submit
      end = new IllegalStateException("the engine failed: " + e, e);
    }
    Throwable cause = Objects.requireNonNullElseGet(end, GenerationEngine::closedMessage);
    end = cause;
    scheduler.failAll(cause);
    failInbox(cause);
  }

  private void failInbox(Throwable cause) {
    for (Sequence next = inbox.poll(); next != null; next = inbox.poll()) {
      next.future().completeExceptionally(cause);
    }
  }

  private static Throwable closedMessage() {
    return new IllegalStateException("the engine is closed");
  }

  /// Ends the threads after the step they are in, fails the futures that are open, frees cache and
  /// model. A second call does nothing.
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    end = closedMessage();
    stepper.interrupt();
    boolean interrupted = false;
    while (stepper.isAlive()) { // its step reads the memory that is freed below
      try {
        stepper.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    workers.close();
    cache.close();
    model.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
