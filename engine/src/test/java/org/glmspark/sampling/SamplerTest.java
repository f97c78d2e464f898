package org.glmspark.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
  private static final String REQUEST = "00112233445566778899aabbccddeeff";

  private static Sampler sampler(SamplingParameters parameters) {
    return new Sampler(parameters, REQUEST, new int[0], new int[0], List.of(), null);
  }

  private static SamplingParameters.Builder sampling(double temperature) {
    return SamplingParameters.builder().temperature(temperature);
  }

  private static double[] frequencies(float[] logits, SamplingParameters parameters) {
    Sampler sampler = sampler(parameters);
    int draws = 200_000;
    double[] frequencies = new double[logits.length];
    for (int i = 0; i < draws; i++) {
      int token = sampler.next(logits.clone(), 0, logits.length);
      sampler.accept(token);
      frequencies[token] += 1.0 / draws;
    }
    return frequencies;
  }

  /// vLLM's sampler, in double and step by step. It stays slow: it is what we trust.
  private static int reference(
      float[] row,
      SamplingParameters parameters,
      int[] prompt,
      List<Integer> output,
      int[] modelStopTokens,
      List<int[]> badWords,
      double uniform) {
    double[] logits = new double[row.length];
    for (int id = 0; id < row.length; id++) {
      logits[id] = adjusted(row, id, parameters, prompt, output, modelStopTokens, badWords);
    }
    List<Integer> order =
        IntStream.range(0, row.length)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer id) -> -logits[id] + 0.0)
                    .thenComparing(id -> id))
            .toList();
    double largest = logits[order.getFirst()];
    if (largest == Double.NEGATIVE_INFINITY) {
      return Sampler.NONE_ALLOWED;
    }
    if (parameters.temperature() == 0) {
      return order.getFirst();
    }
    Map<Integer, Double> weights = new HashMap<>();
    order.forEach(
        id -> weights.put(id, Math.exp((logits[id] - largest) / parameters.temperature())));
    List<Integer> kept =
        order.stream()
            .filter(id -> weights.get(id) >= parameters.minP())
            .collect(Collectors.toList());
    if (parameters.topK() > 0 && parameters.topK() < kept.size()) {
      kept = kept.subList(0, parameters.topK());
    }
    double total = kept.stream().mapToDouble(weights::get).sum();
    double nucleus = 0;
    int count = 0;
    while (count == 0 || (count < kept.size() && nucleus / total < parameters.topP())) {
      nucleus += weights.get(kept.get(count++));
    }
    double sum = 0;
    for (int id : kept.subList(0, count)) {
      sum += weights.get(id) / nucleus;
      if (sum > uniform) {
        return id;
      }
    }
    return kept.get(count - 1);
  }

  private static double adjusted(
      float[] row,
      int id,
      SamplingParameters parameters,
      int[] prompt,
      List<Integer> output,
      int[] modelStopTokens,
      List<int[]> badWords) {
    Set<Integer> allowed = parameters.allowedTokenIds();
    if (allowed != null && !allowed.contains(id)) {
      return Double.NEGATIVE_INFINITY;
    }
    for (int[] word : badWords) {
      List<Integer> first = Arrays.stream(word).limit(word.length - 1).boxed().toList();
      int from = output.size() - first.size();
      if (word[word.length - 1] == id
          && from >= 0
          && output.subList(from, output.size()).equals(first)) {
        return Double.NEGATIVE_INFINITY;
      }
    }
    boolean stops =
        parameters.stopTokenIds().contains(id)
            || Arrays.stream(modelStopTokens).anyMatch(stop -> stop == id);
    if (stops && output.size() < parameters.minTokens()) {
      return Double.NEGATIVE_INFINITY;
    }
    double logit = row[id] + parameters.logitBias().getOrDefault(id, 0.0);
    boolean inOutput = output.contains(id);
    if (inOutput || Arrays.stream(prompt).anyMatch(token -> token == id)) {
      double penalty = parameters.repetitionPenalty();
      logit = logit > 0 ? logit / penalty : logit * penalty;
    }
    logit -= parameters.frequencyPenalty() * Collections.frequency(output, id);
    return inOutput ? logit - parameters.presencePenalty() : logit;
  }

  private static boolean often(Random random) {
    return random.nextInt(3) > 0;
  }

  private static Set<Integer> ids(Random random, int count, int size) {
    return random.ints(count, 0, size).boxed().collect(Collectors.toSet());
  }

  /// Bias and penalties are halves and quarters, so that equal logits stay equal in float and
  /// double alike.
  private static SamplingParameters anyOptions(Random random, int size) {
    var builder = SamplingParameters.builder().maxTokens(100).seed(random.nextLong());
    if (often(random)) {
      builder.temperature(0.05 + 1.95 * random.nextDouble());
    }
    if (often(random)) {
      builder.topK(1 + random.nextInt(size));
    }
    if (often(random)) {
      builder.topP(1 - random.nextDouble());
    }
    if (often(random)) {
      builder.minP(random.nextDouble() * random.nextDouble());
    }
    if (often(random)) {
      builder.repetitionPenalty(List.of(0.5, 1.5, 2.0).get(random.nextInt(3)));
    }
    if (often(random)) {
      builder.presencePenalty((random.nextInt(17) - 8) / 4.0);
    }
    if (often(random)) {
      builder.frequencyPenalty((random.nextInt(17) - 8) / 4.0);
    }
    if (often(random)) {
      builder.minTokens(random.nextInt(8)).stopTokenIds(ids(random, 2, size));
    }
    if (often(random)) {
      builder.logitBias(
          ids(random, 3, size).stream()
              .collect(Collectors.toMap(id -> id, _ -> (random.nextInt(801) - 400) / 4.0)));
    }
    if (random.nextInt(3) == 0) {
      builder.allowedTokenIds(ids(random, 1 + size / 2, size));
    }
    if (often(random)) {
      builder.logprobs(random.nextInt(8));
    }
    return builder.badWords("bad").build();
  }

  @ParameterizedTest(name = "{0} tokens")
  @ValueSource(ints = {1, 2, 3, 17, 64, 200})
  void choosesWhatTheReferenceChoosesWithAnyOptions(int size) {
    Random random = new Random(size); // a failure repeats
    for (int i = 0; i < 200; i++) {
      SamplingParameters parameters = anyOptions(random, size);
      int[] prompt = random.ints(random.nextInt(6), 0, size).toArray();
      int[] modelStopTokens = {random.nextInt(size), size + 3};
      List<int[]> badWords =
          IntStream.range(0, random.nextInt(6))
              .mapToObj(_ -> random.ints(1 + random.nextInt(3), 0, size).toArray())
              .toList();
      Sampler sampler = new Sampler(parameters, REQUEST, prompt, modelStopTokens, badWords, null);
      CounterRandom uniform = new CounterRandom(parameters.seed(), REQUEST);
      List<Integer> output = new ArrayList<>();
      boolean ties = random.nextBoolean();
      int expected = 0;
      while (expected >= 0 && output.size() < 12) {
        float[] values = new float[size + 5];
        for (int k = 0; k < values.length; k++) {
          values[k] = (float) (ties ? random.nextInt(21) / 2.0 - 5 : 4 * random.nextGaussian());
        }
        float[] row = Arrays.copyOfRange(values, 2, 2 + size);
        float[] around = {values[0], values[1], values[size + 2], values[size + 3]};
        expected =
            reference(
                row,
                parameters,
                prompt,
                output,
                modelStopTokens,
                badWords,
                uniform.uniform(output.size()));

        assertThat(sampler.next(values, 2, size)).as("%s", parameters).isEqualTo(expected);
        assertThat(around)
            .containsExactly(values[0], values[1], values[size + 2], values[size + 3]);
        if (expected >= 0) {
          sampler.accept(expected);
          output.add(expected);
          requireLogProbabilities(sampler, parameters, expected, row);
        }
      }
    }
  }

  /// Compares what is said about the token chosen last.
  private static void requireLogProbabilities(
      Sampler sampler, SamplingParameters parameters, int token, float[] row) {
    if (parameters.logprobs() == null) {
      assertThat(sampler.logProbabilities()).isEmpty();
      return;
    }
    double sum = 0;
    for (float logit : row) {
      sum += Math.exp(logit);
    }
    double logSum = Math.log(sum);
    TokenLogProbability last = sampler.logProbabilities().getLast();
    assertThat(last.token()).isEqualTo(token);
    assertThat(last.logProbability()).isCloseTo(row[token] - logSum, offset(1e-5));
    List<Integer> mostProbable =
        IntStream.range(0, row.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer id) -> -row[id]).thenComparing(id -> id))
            .limit(parameters.logprobs())
            .toList();
    assertThat(last.mostProbable())
        .extracting(TokenLogProbability.Alternative::token)
        .isEqualTo(mostProbable);
    assertThat(last.mostProbable())
        .allSatisfy(other ->
            assertThat(other.logProbability())
                .isCloseTo(row[other.token()] - logSum, offset(1e-5)));
  }

  @Test
  void greedyTakesTheLowestIdOfTheLargestLogits() {
    float[] logits = {9, -1, 3, 7, 7, 3};
    assertThat(sampler(SamplingParameters.greedy(1)).next(logits, 1, 5)).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void aLogitThatIsNotFiniteMeansThereIsNoToken(float bad) {
    float[] logits = {1, 2, bad, 3};
    for (SamplingParameters parameters :
        List.of(
            SamplingParameters.greedy(1),
            sampling(1).build(),
            sampling(0).allowedTokenIds(List.of(0, 1)).build(),
            sampling(0).logprobs(2).build())) {
      assertThat(sampler(parameters).next(logits.clone(), 0, 4)).isEqualTo(Sampler.NOT_FINITE);
    }
  }

  @Test
  void logitsThatOptionsMakeTooLargeAreStillNumbers() {
    float[] logits = {1e38f, 3e38f, -3e38f};
    SamplingParameters parameters = sampling(1).repetitionPenalty(1e-9).build();
    Sampler sampler =
        new Sampler(parameters, REQUEST, new int[] {0, 1}, new int[0], List.of(), null);
    assertThat(sampler.next(logits, 0, 3)).isIn(0, 1);
  }

  @Test
  void drawsWithTheProbabilitiesOfTheSoftmax() {
    float[] logits = {0, (float) Math.log(2), (float) Math.log(5), (float) Math.log(2)};
    double[] frequencies = frequencies(logits, sampling(1).build());
    double[] expected = {0.1, 0.2, 0.5, 0.2};
    for (int i = 0; i < 4; i++) {
      assertThat(frequencies[i]).isCloseTo(expected[i], offset(0.005));
    }
  }

  @Test
  void topPIsAShareOfWhatTopKLeft() {
    // 0.5, 0.25, 0.15, 0.1; the first three have 0.9, of which 0.8 is 0.72: the first two reach it
    float[] logits = {
      (float) Math.log(5), (float) Math.log(2.5), (float) Math.log(1.5), (float) Math.log(1)
    };
    double[] frequencies = frequencies(logits, sampling(1).topK(3).topP(0.8).build());
    assertThat(frequencies[0]).isCloseTo(2 / 3.0, offset(0.005));
    assertThat(frequencies[2] + frequencies[3]).isZero();
  }

  @Test
  void aTinyTopPIsGreedy() {
    float[] logits = {1, 3, 2};
    for (int seed = 0; seed < 100; seed++) {
      SamplingParameters parameters = sampling(2).topP(1e-9).seed(seed).build();
      assertThat(sampler(parameters).next(logits, 0, 3)).isEqualTo(1);
    }
  }

  @Test
  void theRandomStreamIsAFunctionOfSeedRequestAndIndex() {
    CounterRandom random = new CounterRandom(42, REQUEST);
    double mean = 0;
    for (int i = 0; i < 100_000; i++) {
      double value = random.uniform(i);
      assertThat(value).isBetween(0.0, Math.nextDown(1.0));
      mean += value / 100_000;
    }
    assertThat(mean).isCloseTo(0.5, offset(0.005));
    assertThat(random.uniform(7)).isEqualTo(new CounterRandom(42, REQUEST).uniform(7));
    assertThat(random.uniform(7)).isNotEqualTo(new CounterRandom(43, REQUEST).uniform(7));
    assertThat(random.uniform(7))
        .isNotEqualTo(new CounterRandom(42, "1" + REQUEST.substring(1)).uniform(7));
    // Sampled completions depend on this number: a change needs a new numerics version.
    assertThat(random.uniform(0)).isEqualTo(0.24070907386765816);
  }
}
