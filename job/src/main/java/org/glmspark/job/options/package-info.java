/// What a job is told to do, from the words of its user to records that are checked.
///
/// ```
/// job file ──▶ JobFile (JSON tree, line of every key) ──▶ OptionRecords ──▶ JobOptions
///                 ▲                                           ▲                 │
/// --set, --input ─┘              @Key on record components ───┘                 ├──▶ the run
///                                (name, default, sentence)  ──▶ --help          └──▶ _glm/run.json
/// ```
///
/// One record per level of the file. A component's [Key] says all there is to say about it, so the
/// reader, the reference in `--help` and the settings stored with the output cannot disagree.
@NullMarked
package org.glmspark.job.options;

import org.jspecify.annotations.NullMarked;
