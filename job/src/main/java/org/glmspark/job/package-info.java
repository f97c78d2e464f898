/// The batch program: reads what it is told, refuses what cannot be done, lets Spark complete the
/// rows, and says what came of it.
///
/// ```
/// Main ─┬─ RunCommand ──▶ options.JobFile ──▶ JobRun ─┬─ input ──▶ udfs.Generation ──▶ rows ─┐
///       │                                             │     (report.RunProgress: heartbeats  ▼
///       │                                             │      ──▶ ProgressLine)
///       │                                             └─ OutputFolder: aside ◀────────── Spark writes
///       │                                                    │ Totals, first rows, _glm/run.json,
///       │                                                    │ ReportFiles ──▶ report.Report
///       │                                                    ▼ renames
///       │                  console ◀── RunReport ◀──────── output
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
