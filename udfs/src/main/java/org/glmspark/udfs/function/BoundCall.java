package org.glmspark.udfs.function;

import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Expression;

/// A call whose constants are checked and whose model is known by name.
///
/// @param inputs the texts that differ by row, as the task's function takes them
public record BoundCall(ModelTask task, List<Expression> inputs) {}
