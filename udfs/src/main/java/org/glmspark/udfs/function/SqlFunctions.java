package org.glmspark.udfs.function;

import java.util.List;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.SamplingPreset;

/// All functions.
public final class SqlFunctions {
  private static final SamplingParameters GREEDY = SamplingPreset.GREEDY.parameters(0);

  private SqlFunctions() {}

  /// In the order of their names.
  public static List<SqlFunction> all() {
    return List.of(aiGen(), aiQuery());
  }

  private static SqlFunction aiGen() {
    return new SqlFunction(
        "ai_gen",
        List.of(Parameter.required("prompt")),
        "_FUNC_(prompt) - Answers the prompt with the default model.",
        """
            * prompt - a STRING expression, put to the model as it stands
        """,
        """
            > SELECT _FUNC_('Write one sentence about lamps.');
             Lamps turn a dark room into a place to read.
        """,
        (arguments, session) ->
            new BoundCall(
                new ModelTask(
                    new Query("ai_gen", Query.Shape.TEXT, GREEDY),
                    session.defaultModel(),
                    session.onFailure()),
                List.of(arguments.expression("prompt"))));
  }

  private static SqlFunction aiQuery() {
    return new SqlFunction(
        "ai_query",
        List.of(
            Parameter.required("endpoint"),
            Parameter.required("request"),
            Parameter.optional("failOnError", true)),
        "_FUNC_(endpoint, request[, failOnError]) - Answers the request with a model of your choice.",
        """
            * endpoint - the name of a model
            * request - a STRING expression, put to the model as it stands
            * failOnError - false for a struct of result and error message; else an error fails the query
        """,
        """
            > SELECT _FUNC_('glm-4', 'Write one sentence about lamps.');
             Lamps turn a dark room into a place to read.
        """,
        (arguments, session) -> {
          boolean failOnError = arguments.truth("failOnError");
          return new BoundCall(
              new ModelTask(
                  new Query(
                      "ai_query",
                      failOnError ? Query.Shape.TEXT : Query.Shape.TEXT_AND_ERROR,
                      GREEDY),
                  session.model(String.valueOf(arguments.text("endpoint"))),
                  failOnError ? OnFailure.FAIL_QUERY : OnFailure.IN_RESULT),
              List.of(arguments.expression("request")));
        });
  }
}
