/// Moves calls of models out of expressions into an operator of their own, so that each is made
/// once per row, in batches, wherever it stands in a query.
///
/// ```
/// SQL ─▶ ModelCall (an expression)
///          │ CheckConditions  before the analyzer: none in conditions of MERGE, UPDATE, DELETE
///          │ AdmitFilters     before it too: Spark takes those in the FILTER of an aggregate
///          │ HoistCalls   analyzer: out of aggregates, sort keys, joins, ... into projections
///          │ CheckCalls   analyzer: refuses what cannot be made once per row
///          ▼
///        ExtractCalls     optimizer: projections and filters read columns of a CallModel below
///        PlaceCalls       optimizer: filters and limits go below it, results nobody reads go away
///        SpreadCalls      once, near the end: enough tasks, and no input that is read twice
///          │ CallStrategy
///          ▼
///        CallModelExec ─▶ CallRows, on executors ─▶ RowFunction ─▶ LookAhead ─▶ engines
/// ```
///
/// Spark takes calls for not deterministic, which keeps its own rules from copying or moving them;
/// what is cheap to move, the rules here move. A condition that guards a call becomes part of the
/// call's input ([Branches]), which is then null for rows that need no answer.
@NullMarked
package org.glmspark.udfs.plan;

import org.jspecify.annotations.NullMarked;
