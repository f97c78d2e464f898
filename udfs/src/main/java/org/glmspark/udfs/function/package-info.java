/// What the SQL functions are: names, arguments, checks, and what is asked of a model for a row.
///
/// ```
/// arguments of a call ─▶ SqlFunction.bind ─▶ BoundCall (ModelTask, inputs that differ by row)
///                          │      ▲                │
///                          │      SessionSettings  ▼ on executors
///                          │                   RowFunction.ask ─▶ RowRequests ─▶ RowAnswer
///                          ▼
///                    AiFunctionException (condition, SQLSTATE) before any model is opened
/// ```
///
/// A task holds everything that is the same for all rows, as records that are equal where their
/// answers are; so equal calls can be told by comparing them.
@NullMarked
package org.glmspark.udfs.function;

import org.jspecify.annotations.NullMarked;
