/// What a run writes, so that a kill at any moment loses one round at most and never the only copy.
///
/// ```
/// .name.lock               who writes; taken first, given back last            OutputLock
/// name/                                                                        OutputFolder
///   round=1/part-*         rows, committed by one rename of the folder         RoundWriter, Rounds
///   round=1/_round.json    which run wrote them
///   round=2/...
///   _glm/runs/ID.json      settings and numbers of each run
///   _glm/staging/UUID/     what is being written; of no worth without its writer
///   _glm/replaced/round=1/ a round while its successor takes its place
/// .name.tmp-UUID/          the same, aside, while a run overwrites an output
/// .name.old-UUID/          the output that is being overwritten
/// ```
///
/// A run with mode `resume` or `error-if-exists` writes rounds into the output itself; one with
/// `overwrite` writes all of them aside and puts them in the output's place when they are complete.
/// A reader sees whole rounds, at any time. Where a rename is no single step (object stores), it
/// may see a folder between the two.
@NullMarked
package org.glmspark.job.output;

import org.jspecify.annotations.NullMarked;
