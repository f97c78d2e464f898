package org.glmspark.udfs.function;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StructType;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.sampling.SamplingPreset;
import org.jspecify.annotations.Nullable;

/// All functions: their parameters, what their calls are checked for, and how `DESCRIBE FUNCTION`
/// explains them.
public final class SqlFunctions {
  private static final SamplingParameters GREEDY = SamplingPreset.GREEDY.parameters(0);

  /// As many as a schema may have.
  private static final int MOST_EXTRACTED_FIELDS = 128;

  private SqlFunctions() {}

  /// In the order of their names.
  public static List<SqlFunction> all() {
    return List.of(
        analyzeSentiment(),
        classify(),
        countTokens(),
        extract(),
        fixGrammar(),
        gen(),
        mask(),
        query(),
        similarity(),
        summarize(),
        translate());
  }

  private static SqlFunction gen() {
    return new SqlFunction(
        "ai_gen",
        List.of(Parameter.required("prompt")),
        "_FUNC_(prompt) - Answers the prompt with the default model.",
        """
        * prompt - a STRING expression, put to the model as it stands
        """,
        """
        > SELECT _FUNC_('Name a colour.');
         Blue.
        """,
        (arguments, session) ->
            onDefaultModel(
                session, new Query("ai_gen", Query.Shape.TEXT, GREEDY, null), arguments, "prompt"));
  }

  private static SqlFunction query() {
    return new SqlFunction(
        "ai_query",
        List.of(
            Parameter.required("endpoint"),
            Parameter.required("request"),
            Parameter.optional("returnType", null),
            Parameter.optional("failOnError", true),
            Parameter.optional("modelParameters", null),
            Parameter.optional("responseFormat", null)),
        """
        _FUNC_(endpoint, request[, returnType, failOnError, modelParameters, responseFormat]) - \
        Answers the request with the model of a name.\
        """,
        """
        * endpoint - a constant STRING, the name of a model; also accepted as endpointName
        * request - a STRING expression, put to the model as it stands
        * returnType - a constant STRING, 'STRING'
        * failOnError - a constant BOOLEAN; true, the default, fails the query with a row's error, \
        false gives STRUCT<result: STRING, errorMessage: STRING>
        * modelParameters - a struct of constants: max_tokens, temperature, top_p, ...
        * responseFormat - a constant STRING: 'text', JSON with the type text, json_object or \
        json_schema, or DDL with one field of type STRUCT
        """,
        """
        > SELECT _FUNC_('glm-4', 'Name a colour.', modelParameters => named_struct('max_tokens', 8));
         Blue.
        """,
        SqlFunctions::bindQuery);
  }

  private static BoundCall bindQuery(Arguments arguments, SessionSettings session) {
    requireStringResult(arguments.text("returnType"));
    boolean failOnError = arguments.truth("failOnError");
    String endpoint = arguments.text("endpoint");
    if (endpoint == null) {
      throw AiCondition.UNKNOWN_ENDPOINT.refusal("The endpoint of ai_query is NULL.");
    }
    SamplingParameters sampling = modelParameters(arguments);
    AnswerFormat format = responseFormat(arguments.text("responseFormat"), sampling);
    var query =
        new Query(
            "ai_query",
            failOnError ? Query.Shape.TEXT : Query.Shape.TEXT_AND_ERROR,
            sampling,
            format);
    return new BoundCall(
        new ModelTask(
            query,
            session.model(endpoint),
            failOnError ? OnFailure.FAIL_QUERY : OnFailure.IN_RESULT),
        List.of(arguments.expression("request")));
  }

  private static void requireStringResult(@Nullable String returnType) {
    if (returnType != null && !returnType.strip().equalsIgnoreCase("STRING")) {
      throw AiCondition.UNSUPPORTED_RETURN_TYPE.refusal(
          "The return type of ai_query is '%s', expected 'STRING'; cast the result, or ask for fields with responseFormat and read them with from_json."
              .formatted(returnType));
    }
  }

  private static @Nullable AnswerFormat responseFormat(
      @Nullable String text, SamplingParameters sampling) {
    AnswerFormat format = text == null ? null : ResponseFormats.of(text);
    if (format != null) {
      try {
        sampling.requireWholeAnswers();
      } catch (IllegalArgumentException e) {
        throw AiCondition.UNSUPPORTED_MODEL_PARAMETER.refusal(
            "The model parameters of ai_query do not go with a response format: %s."
                .formatted(e.getMessage()));
      }
    }
    return format;
  }

  private static SamplingParameters modelParameters(Arguments arguments) {
    if (arguments.type("modelParameters") instanceof NullType) {
      return GREEDY;
    }
    StructType type = ModelParameters.requireStruct(arguments.type("modelParameters"));
    Object values = arguments.constant("modelParameters", type);
    return values == null ? GREEDY : ModelParameters.of(type, (Row) values);
  }

  private static SqlFunction summarize() {
    return new SqlFunction(
        "ai_summarize",
        List.of(Parameter.required("content"), Parameter.optional("max_words", 50)),
        "_FUNC_(content[, max_words]) - Summarizes a text of any length.",
        """
        * content - a STRING expression
        * max_words - a constant whole number, the words to ask for at most; 50 by default, 0 for no limit
        """,
        """
        > SELECT _FUNC_('I bought the lamp in Tor for 9 dollars. The lamp looks great. It also feels sturdy.');
         Lamp from Tor for 9 dollars: it looks great and feels sturdy.
        """,
        (arguments, session) -> {
          var model = session.defaultModel();
          return new BoundCall(
              new ModelTask(
                  new Summarize(maxWords(arguments), model.partTokens()),
                  model,
                  session.onFailure()),
              List.of(arguments.expression("content")));
        });
  }

  private static int maxWords(Arguments arguments) {
    Object value = arguments.constant("max_words", DataTypes.IntegerType);
    long words =
        switch (value) {
          case Byte number -> number;
          case Short number -> number;
          case Integer number -> number;
          case Long number -> number;
          case null, default -> -1;
        };
    if (words >= 0 && words <= Integer.MAX_VALUE) {
      return (int) words;
    }
    throw AiCondition.INVALID_MAX_WORDS.refusal(
        "The maximum number of words must be a non-negative integer, but got %s."
            .formatted(value == null ? "NULL" : value));
  }

  private static SqlFunction classify() {
    return new SqlFunction(
        "ai_classify",
        List.of(
            Parameter.required("content"),
            Parameter.required("labels"),
            Parameter.optional("options", null)),
        "_FUNC_(content, labels[, options]) - Tells which label fits a text.",
        """
        * content - a STRING expression
        * labels - a constant ARRAY<STRING> of 2 to 20 labels, for a STRING; or a constant STRING, \
        a JSON array of 2 to 500 names or an object of descriptions by name, for a VARIANT with \
        response and error_message
        * options - with labels as STRING, a constant MAP<STRING, STRING>: version, instructions, multilabel
        """,
        """
        > SELECT _FUNC_('The kettle broke after a week. Please refund 20 dollars.', array('complaint', 'praise'));
         complaint
        """,
        SqlFunctions::bindClassify);
  }

  private static BoundCall bindClassify(Arguments arguments, SessionSettings session) {
    if (arguments.isText("labels")) {
      String json = arguments.text("labels");
      if (json == null) {
        throw AiCondition.INVALID_LABELS.refusal("The labels of ai_classify are NULL.");
      }
      FunctionOptions options =
          FunctionOptions.of(
              "ai_classify",
              arguments.textsByName("options"),
              List.of("version", "instructions", "multilabel"));
      return onDefaultModel(
          session,
          new ChooseDescribedLabels(
              Labels.ofJson("ai_classify", json),
              options.instructions(),
              options.truth("multilabel")
                  ? ChooseDescribedLabels.Choice.ANY
                  : ChooseDescribedLabels.Choice.ONE),
          arguments,
          "content");
    }
    if (!arguments.isTexts("labels")) {
      throw arguments.unexpectedType("labels", "(\"ARRAY<STRING>\" or \"STRING\")");
    }
    if (arguments.textsByName("options") != null) {
      throw AiCondition.INVALID_OPTIONS.refusal(
          "ai_classify takes options only with labels as a JSON text.");
    }
    List<String> labels = Labels.ofArray("ai_classify", arguments.texts("labels"), 2, 20);
    return onDefaultModel(
        session, new ChooseLabel(new ChooseLabel.Question.Labels(labels)), arguments, "content");
  }

  private static SqlFunction analyzeSentiment() {
    return new SqlFunction(
        "ai_analyze_sentiment",
        List.of(Parameter.required("content")),
        "_FUNC_(content) - Tells whether a text is positive, negative, neutral or mixed.",
        """
        * content - a STRING expression
        """,
        """
        > SELECT _FUNC_('I bought the lamp in Tor for 9 dollars. The lamp looks great. It also feels sturdy.');
         positive
        """,
        (arguments, session) ->
            onDefaultModel(
                session,
                new ChooseLabel(new ChooseLabel.Question.Sentiment()),
                arguments,
                "content"));
  }

  private static SqlFunction extract() {
    return new SqlFunction(
        "ai_extract",
        List.of(
            Parameter.required("content"),
            Parameter.required("labels"),
            Parameter.optional("options", null)),
        "_FUNC_(content, labels[, options]) - Finds the values of fields in a text.",
        """
        * content - a STRING expression
        * labels - a constant ARRAY<STRING> of fields, for a STRUCT with a STRING for each; or, also \
        accepted as schema, a constant STRING, a JSON array of names or an object of types by name, \
        for a VARIANT with response and error_message
        * options - with a schema, a constant MAP<STRING, STRING>: version, instructions
        """,
        """
        > SELECT _FUNC_('My kettle came from a shop in Nalu and cost 20 dollars.', array('product', 'price'));
         {"product":"kettle","price":"20"}
        """,
        SqlFunctions::bindExtract);
  }

  private static BoundCall bindExtract(Arguments arguments, SessionSettings session) {
    if (arguments.isText("labels")) {
      String json = arguments.text("labels");
      if (json == null) {
        throw AiCondition.INVALID_SCHEMA.refusal("The schema of ai_extract is NULL.");
      }
      FunctionOptions options =
          FunctionOptions.of(
              "ai_extract", arguments.textsByName("options"), List.of("version", "instructions"));
      return onDefaultModel(
          session,
          new ExtractBySchema(ExtractionSchema.of(json), options.instructions()),
          arguments,
          "content");
    }
    if (!arguments.isTexts("labels")) {
      throw arguments.unexpectedType("labels", "(\"ARRAY<STRING>\" or \"STRING\")");
    }
    if (arguments.textsByName("options") != null) {
      throw AiCondition.INVALID_OPTIONS.refusal(
          "ai_extract takes options only with a schema as a JSON text.");
    }
    List<String> fields =
        Labels.ofArray("ai_extract", arguments.texts("labels"), 1, MOST_EXTRACTED_FIELDS);
    return onDefaultModel(session, ExtractFields.of(fields), arguments, "content");
  }

  private static SqlFunction similarity() {
    return new SqlFunction(
        "ai_similarity",
        List.of(Parameter.required("a"), Parameter.required("b")),
        "_FUNC_(a, b) - Tells how alike two texts are: 1.0 for equal ones.",
        """
        * a - a STRING expression
        * b - a STRING expression
        """,
        """
        > SELECT _FUNC_('Apache Spark', 'Apache Spark');
         1.0
        """,
        (arguments, session) -> onDefaultModel(session, new Similarity(), arguments, "a", "b"));
  }

  private static SqlFunction fixGrammar() {
    return new SqlFunction(
        "ai_fix_grammar",
        List.of(Parameter.required("content")),
        "_FUNC_(content) - Corrects spelling and grammar of a text.",
        """
        * content - a STRING expression
        """,
        """
        > SELECT _FUNC_('This sentence have some mistake');
         This sentence has some mistakes.
        """,
        (arguments, session) ->
            onDefaultModel(
                session, new Rewrite(new Instruction.FixGrammar()), arguments, "content"));
  }

  private static SqlFunction translate() {
    return new SqlFunction(
        "ai_translate",
        List.of(Parameter.required("content"), Parameter.required("to_lang")),
        "_FUNC_(content, to_lang) - Translates a text.",
        """
        * content - a STRING expression
        * to_lang - a STRING expression, the name of a language or its tag: 'French', 'fr', 'pt-BR'
        """,
        """
        > SELECT _FUNC_('Hello, how are you?', 'es');
         Hola, ¿cómo estás?
        """,
        (arguments, session) ->
            onDefaultModel(
                session,
                new Rewrite(new Instruction.Translate()),
                arguments,
                "content",
                "to_lang"));
  }

  private static SqlFunction mask() {
    return new SqlFunction(
        "ai_mask",
        List.of(Parameter.required("content"), Parameter.required("labels")),
        "_FUNC_(content, labels) - Replaces the parts of a text that are of some kinds by [MASKED].",
        """
        * content - a STRING expression
        * labels - a constant ARRAY<STRING>, the kinds of parts: array('person', 'email address')
        """,
        """
        > SELECT _FUNC_('John Doe lives in New York.', array('person', 'city'));
         [MASKED] lives in [MASKED].
        """,
        (arguments, session) ->
            onDefaultModel(
                session,
                new Rewrite(
                    new Instruction.Mask(
                        Labels.ofArray("ai_mask", arguments.texts("labels"), 1, 500))),
                arguments,
                "content"));
  }

  private static SqlFunction countTokens() {
    return new SqlFunction(
        "ai_count_tokens",
        List.of(Parameter.required("content")),
        "_FUNC_(content) - Counts the tokens of a text, as the default model reads it.",
        """
        * content - a STRING expression
        """,
        """
        > SELECT _FUNC_('Hello');
         1
        """,
        (arguments, session) -> onDefaultModel(session, new CountTokens(), arguments, "content"));
  }

  private static BoundCall onDefaultModel(
      SessionSettings session, RowFunction function, Arguments arguments, String... inputs) {
    return new BoundCall(
        new ModelTask(function, session.defaultModel(), session.onFailure()),
        Arrays.stream(inputs).map(arguments::expression).toList());
  }
}
