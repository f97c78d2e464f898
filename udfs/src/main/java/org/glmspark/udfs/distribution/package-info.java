/// Brings a model that lies elsewhere to this machine: once for all processes of a node.
///
/// ```
/// model.path ─▶ ModelLocation ── a plain path ─────────────────────────▶ used where it lies
///                    │
///     URI, files:NAME│                        ┌─────── ModelFiles: names, sizes, SHA-256 ───────┐
///                    ▼                        │                                                 ▼
///               RemoteModel ─▶ driver: ModelCopies.copy                    executor: ModelCopies.copy
///                    ▲         reads, hashes, writes aside                  the same, and compares
///                    │                        │                                                 │
///              Hadoop's FileSystem            └▶ copies/NAME-DIGEST/ on its own machine ◀───────┘
/// ```
///
/// A copy is a folder in the cache of packs, named by the SHA-256 of its files' names and digests.
/// It is written aside under a lock, forced to the disk and renamed: who finds a copy finds a whole
/// one, and of many processes that need it one copies while the others wait. A process that was
/// killed leaves a folder that the next one throws away; a failure removes what it wrote.
///
/// The driver recognises a model that it copied before by the lengths, modification times and,
/// where a store has them, entity tags of the remote files, and reads nothing then: beside the
/// copies a note `NAME-STAMP.files` says what they contain. Executors do not ask: the driver tells
/// them what the files must be, and a copy of that digest is right whatever happened to the remote
/// files.
///
/// A copy that somebody changed, or cut off, is made anew: sizes are compared at each use, and so
/// are modification times, which every copied file has the same of. What changes neither is found
/// where the weights are read anew in full, by `glm inspect --verify`.
@NullMarked
package org.glmspark.udfs.distribution;

import org.jspecify.annotations.NullMarked;
