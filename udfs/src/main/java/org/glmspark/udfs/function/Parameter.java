package org.glmspark.udfs.function;

import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.Literal$;
import org.apache.spark.sql.catalyst.plans.logical.InputParameter;
import org.jspecify.annotations.Nullable;
import scala.Option;

/// A parameter of a function.
///
/// @param name for `name => value`
/// @param defaultValue what holds if it is not given, or null if it must be
record Parameter(String name, @Nullable Literal defaultValue) {

  static Parameter required(String name) {
    return new Parameter(name, null);
  }

  static Parameter optional(String name, @Nullable Object defaultValue) {
    return new Parameter(name, Literal$.MODULE$.apply(defaultValue));
  }

  InputParameter toSpark() {
    return new InputParameter(name, Option.<Expression>apply(defaultValue));
  }
}
