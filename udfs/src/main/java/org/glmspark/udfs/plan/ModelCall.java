package org.glmspark.udfs.plan;

import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.TypeCheckResult;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ImplicitCastInputTypes;
import org.apache.spark.sql.catalyst.expressions.Unevaluable;
import org.apache.spark.sql.catalyst.expressions.UserDefinedExpression;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.types.AbstractDataType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.glmspark.udfs.function.ModelTask;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/// A SQL function that asks a model, as the analyzer and the optimizer see it.
///
/// It has no value of its own: [ExtractCalls] moves it into a [CallModel] operator. It says that it
/// is not deterministic, although it is, because Spark then neither copies it nor folds it, pushes
/// it nowhere, and keeps a table expression that holds it in one piece.
public final class ModelCall extends Expression
    implements Unevaluable, UserDefinedExpression, ImplicitCastInputTypes, Serializable {
  private static final long serialVersionUID = 1;

  /// Most characters of an input in plans and messages.
  private static final int LONGEST_SHOWN = 200;

  private final ModelTask task;

  @SuppressWarnings("serial") // Spark's own expressions keep their children like this
  private final Seq<Expression> inputs;

  /// @param inputs the texts that differ by row, as the task's function takes them
  public ModelCall(ModelTask task, Seq<Expression> inputs) {
    this.task = task;
    this.inputs = inputs;
  }

  public ModelTask task() {
    return task;
  }

  public Seq<Expression> inputs() {
    return inputs;
  }

  ModelCall withInputs(List<Expression> changed) {
    return new ModelCall(task, Scala.seq(changed));
  }

  @Override
  public String name() {
    return task.function().name();
  }

  @Override
  public String prettyName() {
    return name();
  }

  @Override
  public DataType dataType() {
    return task.function().dataType();
  }

  @Override
  public Seq<AbstractDataType> inputTypes() {
    return Scala.seq(Collections.nCopies(inputs.length(), DataTypes.StringType));
  }

  @Override
  public TypeCheckResult checkInputDataTypes() {
    return ImplicitCastInputTypes.super.checkInputDataTypes();
  }

  @Override
  public boolean nullable() {
    return true;
  }

  @Override
  public boolean deterministic() {
    return false;
  }

  @Override
  public boolean foldable() {
    return false;
  }

  @Override
  public Object eval(InternalRow input) {
    throw notMoved();
  }

  @Override
  public ExprCode doGenCode(CodegenContext context, ExprCode code) {
    throw notMoved();
  }

  private IllegalStateException notMoved() {
    return new IllegalStateException("no operator was planned for " + this);
  }

  @Override
  public Seq<Expression> children() {
    return inputs;
  }

  @Override
  public Expression withNewChildrenInternal(IndexedSeq<Expression> children) {
    return new ModelCall(task, children);
  }

  @Override
  public int productArity() {
    return 2;
  }

  @Override
  public Object productElement(int i) {
    return switch (i) {
      case 0 -> task;
      case 1 -> inputs;
      default -> throw new IndexOutOfBoundsException(i);
    };
  }

  @Override
  public String productPrefix() {
    return "ModelCall";
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof ModelCall;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ModelCall call && task.equals(call.task) && inputs.equals(call.inputs);
  }

  @Override
  public int hashCode() {
    return Objects.hash(task, inputs);
  }

  /// For plans: `ai_gen(prompt#12, max_tokens => 256, model => default)`.
  @Override
  public String toString() {
    Stream<String> arguments = Scala.<Expression>list(inputs).stream().map(ModelCall::shown);
    Stream<String> options = task.function().options().entrySet().stream().map(ModelCall::named);
    Stream<String> model = Stream.of(named(Map.entry("model", task.model().name())));
    return Stream.of(arguments, options, model)
        .flatMap(parts -> parts)
        .collect(Collectors.joining(", ", name() + "(", ")"));
  }

  /// A constant may be a whole document.
  private static String shown(Expression input) {
    String text = input.toString();
    return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "…";
  }

  private static String named(Map.Entry<String, String> option) {
    return option.getKey() + " => " + option.getValue();
  }

  /// For column names, as the query wrote it but for its constants.
  @Override
  public String sql() {
    return Scala.<Expression>list(inputs).stream()
        .map(Expression::sql)
        .collect(Collectors.joining(", ", name() + "(", ")"));
  }
}
