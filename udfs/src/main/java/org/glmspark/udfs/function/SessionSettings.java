package org.glmspark.udfs.function;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.spark.sql.SparkSession;
import org.glmspark.udfs.ModelSettings;
import org.glmspark.udfs.SessionModels;
import org.jspecify.annotations.Nullable;
import scala.jdk.javaapi.CollectionConverters;

/// What the settings of the session in which a query is analysed say to the functions.
final class SessionSettings {
  private static final String FAIL_ON_ERROR = "spark.glm.fail-on-error";

  private final Map<String, String> settings;

  private SessionSettings(Map<String, String> settings) {
    this.settings = settings;
  }

  static SessionSettings current() {
    // Not SQLConf.get(): within a view that has only what the view was made with.
    return new SessionSettings(CollectionConverters.asJava(SparkSession.active().conf().getAll()));
  }

  /// The model of functions that name none.
  ModelSettings defaultModel() {
    @Nullable ModelSettings model = find(SessionModels::defaultModel);
    if (model == null) {
      throw AiCondition.NO_MODEL.refusal(
          "No model is configured; set spark.glm.model to its path, or to the name of one that "
              + "spark.glm.models.<name>.path configures.");
    }
    return model;
  }

  /// The model that `ai_query` names.
  ModelSettings model(String endpoint) {
    @Nullable ModelSettings model = find(models -> models.named(endpoint));
    if (model == null) {
      throw AiCondition.UNKNOWN_ENDPOINT.refusal(
          ("There is no model '%s'; %s. Set spark.glm.models.%s.path, or "
                  + "spark.glm.unknown-endpoint=default to let the default model answer.")
              .formatted(endpoint, known(), endpoint));
    }
    return model;
  }

  private String known() {
    List<String> names = new SessionModels(settings).names();
    return names.isEmpty() ? "none is configured" : "configured are " + String.join(", ", names);
  }

  private @Nullable ModelSettings find(Function<SessionModels, @Nullable ModelSettings> wanted) {
    try {
      return wanted.apply(new SessionModels(settings));
    } catch (IllegalArgumentException e) {
      throw AiCondition.INVALID_SETTING.refusal(e.getMessage() + ".");
    }
  }

  /// What a failed row does where the call itself does not say.
  OnFailure onFailure() {
    String value = settings.getOrDefault(FAIL_ON_ERROR, "false");
    return switch (value) {
      case "true" -> OnFailure.FAIL_QUERY;
      case "false" -> OnFailure.IN_RESULT;
      default ->
          throw AiCondition.INVALID_SETTING.refusal(
              "%s is '%s', expected true or false.".formatted(FAIL_ON_ERROR, value));
    };
  }
}
