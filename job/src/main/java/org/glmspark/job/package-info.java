/// The batch program: reads what it is told, refuses what cannot be done, lets Spark complete the
/// rows, and says what came of it.
///
/// ```
/// Main ─┬─ RunCommand ──▶ options.JobFile ──▶ JobRun ──▶ udfs.Generation: a plan of the input's rows
///       │                                       │ JobInput           │
///       │                                       │                    ▼ without those that are done
///       │   NewFiles: a plan of each batch ─────┴─────────────▶ RowsToDo
///       │                                                            │ requests of a round
///       │                                        RoundPlan ◀─────────┤ (RoundSize, TokenBudget)
///       │                                            │ tasks          ▼
///       │   ProgressLine ◀── report.RunProgress      └────────▶ RoundWork ──▶ udfs.Generation: rows
///       │                                                            │ OutputRows
///       │                                                            ▼ and to an OutputTable
///       │   console ◀── RunReport ◀── Totals, ReportFiles ◀── output.Rounds
///       ├─ SqlCommand ──▶ SqlStatements ──▶ Spark, with udfs.GlmSparkExtensions ──▶ SqlPrinter
///       │        └─▶ SqlPrompt, where they are typed
///       ├─ GenerateCommand ──▶ generation.GenerationEngine     (without Spark)
///       ├─ PackCommand ──────▶ pack.ModelPacker ──▶ PackingLine (without Spark)
///       └─ InspectCommand ───▶ model.ModelLoader.describe      (without Spark)
/// ```
///
/// Numbers are counted from the output, which Spark commits once, and not while tasks run, which it
/// may do again.
@NullMarked
package org.glmspark.job;

import org.jspecify.annotations.NullMarked;
