package org.glmspark.udfs.function;

import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Expression;
import scala.collection.immutable.Seq;

/// A function of SQL: its parameters, what a call of it is, and what `DESCRIBE FUNCTION` says.
///
/// @param name in SQL
/// @param parameters in the order of their positions
/// @param usage what it does, in a sentence or two
/// @param arguments what each parameter means, a line for each
/// @param example one call and what comes of it
/// @param binding checks a call
public record SqlFunction(
    String name,
    List<Parameter> parameters,
    String usage,
    String arguments,
    String example,
    Binding binding) {

  /// Checks the arguments of a call.
  interface Binding {
    BoundCall bind(Arguments arguments, SessionSettings session);
  }

  /// Checks a call from its arguments alone; no model is looked at. Refuses with an
  /// [AiFunctionException], or Spark's own exceptions, what the function does not take.
  ///
  /// @param given the arguments as written, `name => value` among them; all resolved
  public BoundCall bind(Seq<Expression> given) {
    return binding.bind(new Arguments(name, parameters, given), SessionSettings.current());
  }
}
