package org.glmspark.udfs.function;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.catalyst.CatalystTypeConverters;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedArgumentExpression;
import org.apache.spark.sql.catalyst.expressions.RuntimeReplaceable;
import org.apache.spark.sql.catalyst.plans.logical.FunctionSignature;
import org.apache.spark.sql.catalyst.plans.logical.InputParameter;
import org.apache.spark.sql.catalyst.plans.logical.NamedParametersSupport$;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StringType;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;
import scala.collection.immutable.Map$;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/// The arguments of one call, by the names of the parameters; refuses what is no constant where one
/// is needed, and constants of another type.
final class Arguments {
  /// Databricks' other names of parameters.
  private static final Map<String, String> ALIASES =
      Map.of("endpointname", "endpoint", "schema", "labels", "expr1", "a", "expr2", "b");

  private final String function;
  private final List<Parameter> parameters;
  private final Map<String, Expression> values = new HashMap<>();

  /// Sorts out positions and `name => value`. Missing, repeated, unknown and too many arguments are
  /// refused as Spark does for its own functions.
  Arguments(String function, List<Parameter> parameters, Seq<Expression> given) {
    this.function = function;
    this.parameters = parameters;
    List<InputParameter> signature = parameters.stream().map(Parameter::toSpark).toList();
    List<Expression> arranged =
        Scala.list(
            NamedParametersSupport$.MODULE$.defaultRearrange(
                new FunctionSignature(Scala.seq(signature)),
                Scala.seq(renamed(given)),
                function,
                SQLConf.get().resolver()));
    for (int i = 0; i < parameters.size(); i++) {
      values.put(parameters.get(i).name(), arranged.get(i));
    }
  }

  private List<Expression> renamed(Seq<Expression> given) {
    List<String> names = parameters.stream().map(Parameter::name).toList();
    List<Expression> renamed = new ArrayList<>();
    for (Expression argument : Scala.<Expression>list(given)) {
      renamed.add(
          argument instanceof NamedArgumentExpression named ? plain(named, names) : argument);
    }
    return renamed;
  }

  private static NamedArgumentExpression plain(
      NamedArgumentExpression argument, List<String> names) {
    @Nullable String name = ALIASES.get(argument.key().toLowerCase(Locale.ROOT));
    return name == null || !names.contains(name)
        ? argument
        : new NamedArgumentExpression(name, argument.value());
  }

  /// An argument as it is written.
  Expression expression(String name) {
    Expression value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("%s has no parameter '%s'".formatted(function, name));
    }
    return value;
  }

  DataType type(String name) {
    return expression(name).dataType();
  }

  boolean isText(String name) {
    return type(name) instanceof StringType;
  }

  boolean isTexts(String name) {
    return type(name) instanceof ArrayType array
        && (array.elementType() instanceof StringType
            || array.elementType() instanceof NullType); // of no elements, or NULLs
  }

  /// The value of a constant, as Spark's rows have it: String, Integer, Row, scala Map, ...; null
  /// if it is NULL or not given. Refuses what differs by row, with `NON_FOLDABLE_ARGUMENT`.
  @Nullable Object constant(String name, DataType expected) {
    Expression expression = expression(name);
    if (!expression.foldable()) {
      throw refusal(
          "NON_FOLDABLE_ARGUMENT",
          Map.of(
              "funcName", "`%s`".formatted(function),
              "paramName", "`%s`".formatted(name),
              "paramType", "\"%s\"".formatted(expected.sql())));
    }
    Object value = evaluable(expression).eval(null);
    return CatalystTypeConverters.convertToScala(value, expression.dataType());
  }

  private static Expression evaluable(Expression expression) {
    return expression.transformUp(
        Scala.<Expression>where(
            part -> part instanceof RuntimeReplaceable replaced ? replaced.replacement() : null));
  }

  /// A constant text, or null if it is NULL or not given. Refused if it differs by row or is no
  /// text.
  @Nullable String text(String name) {
    requireType(name, DataTypes.StringType, isText(name));
    return (String) constant(name, DataTypes.StringType);
  }

  /// A constant that is true or false. Refused if it differs by row, is neither or NULL.
  boolean truth(String name) {
    boolean known = type(name).equals(DataTypes.BooleanType);
    requireType(name, DataTypes.BooleanType, known);
    Object value = constant(name, DataTypes.BooleanType);
    if (value == null) {
      throw unexpectedType(name, "\"BOOLEAN\"");
    }
    return value.equals(true);
  }

  /// Constant texts, some of which may be null; or null if there is no array. Refused if they
  /// differ by row or are no texts.
  @Nullable List<@Nullable String> texts(String name) {
    DataType expected = DataTypes.createArrayType(DataTypes.StringType);
    requireType(name, expected, isTexts(name));
    Object value = constant(name, expected);
    if (value == null) {
      return null;
    }
    List<@Nullable String> texts = new ArrayList<>();
    for (Object element : Scala.<@Nullable Object>list((scala.collection.Iterable<?>) value)) {
      texts.add((String) element);
    }
    return texts;
  }

  /// Constant texts by name, some of which may be null; or null if there is no map. Refused if they
  /// differ by row or are no texts.
  @Nullable Map<String, @Nullable String> textsByName(String name) {
    DataType expected = DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType);
    boolean fits =
        type(name) instanceof MapType map
            && map.keyType() instanceof StringType
            && map.valueType() instanceof StringType;
    requireType(name, expected, fits);
    Object value = constant(name, expected);
    if (value == null) {
      return null;
    }
    Map<String, @Nullable String> texts = new LinkedHashMap<>();
    for (Object entry : Scala.<Object>list((scala.collection.Iterable<?>) value)) {
      var pair = (Tuple2<?, ?>) entry;
      texts.put((String) pair._1(), (String) pair._2());
    }
    return texts;
  }

  /// Refuses an argument of another type; NULL alone has all types.
  void requireType(String name, DataType expected, boolean fits) {
    if (!fits && !(type(name) instanceof NullType)) {
      throw unexpectedType(name, "\"%s\"".formatted(expected.sql()));
    }
  }

  /// @param expected the types for people
  RuntimeException unexpectedType(String name, String expected) {
    int index = parameters.stream().map(Parameter::name).toList().indexOf(name);
    Expression value = expression(name);
    return refusal(
        "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        Map.of(
            "sqlExpr", "\"%s\"".formatted(function),
            "paramIndex", ordinal(index),
            "inputSql", "\"%s\"".formatted(value.sql()),
            "inputType", "\"%s\"".formatted(value.dataType().sql()),
            "requiredType", expected));
  }

  private static String ordinal(int index) {
    List<String> words = List.of("first", "second", "third", "fourth", "fifth", "sixth");
    return words.get(index);
  }

  private static RuntimeException refusal(String condition, Map<String, String> parameters) {
    throw Scala.raise(
        new AnalysisException(
            condition, Map$.MODULE$.from(CollectionConverters.asScala(parameters))));
  }
}
