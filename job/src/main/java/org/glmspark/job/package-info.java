/// The batch program: reads what it is told, refuses what cannot be done, lets Spark complete the
/// rows, and says what came of it.
///
/// ```
/// Main ─┬─ RunCommand ──▶ options.JobFile ──▶ JobRun ─┬─ input ──▶ udfs.Generation.plan ──▶ RowsToDo ─┐
///       │                                             │                                               ▼
///       │                                             │    report.RunProgress ◀── heartbeats ◀──  RoundWork
///       │                                             │      │         └──▶ ProgressLine              │
///       │                                             │      ▼                                        ▼
///       │             console ◀── RunReport ◀─────────┴─ ReportFiles ◀────────── output.OutputFolder, Rounds
///       ├─ SqlCommand ──▶ SqlStatements ──▶ Spark, with udfs.GlmSparkExtensions ──▶ SqlPrinter
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
