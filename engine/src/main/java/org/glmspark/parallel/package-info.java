/// Threads for one computation at a time: one thread leads, the others help it with the items of a
/// loop, then rest.
///
/// ```
/// stepping thread ──▶ WorkerPool.forEach(items) ──▶ item, item, … on all threads ──▶ returns when the last is done
/// ```
///
/// Which thread takes which item is left to chance; results must not depend on it, and memory
/// effects of all items are visible to the caller afterwards.
@NullMarked
package org.glmspark.parallel;

import org.jspecify.annotations.NullMarked;
