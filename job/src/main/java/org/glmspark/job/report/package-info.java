/// From what a run did to what people read of it.
///
/// ```
/// Spark's heartbeats, ends of tasks ──▶ RunProgress ──▶ Work so far ──▶ the progress line
///                                            │ WorkSeries of each executor
///                                            ▼
///                                        Throughput ─┐
/// rows of the output ──▶ RowStatistics ──────────────┼──▶ Report ─┬──▶ report.json
///     (Spark SQL: one row, bins, samples)            │            └──▶ ReportPage ──▶ report.html
/// RunFacts: settings, versions, counts ──────────────┘
/// ```
///
/// [ReportPage] frames the page and says what was run and with which settings. [ChartSections] and
/// [RowSections] stand between, made of [PageParts], [ThroughputChart] and [HistogramChart]. All of
/// them write into one [Markup], numbers as [Scale] has them.
///
/// Numbers of rows and tokens come from the output. What executors did over time is all that is
/// taken from counters of tasks: it is a curve, and no total is made of it.
///
/// Whatever the size of the output, the driver holds some hundred numbers and a few rows of it.
@NullMarked
package org.glmspark.job.report;

import org.jspecify.annotations.NullMarked;
