@NullMarked
package org.glmspark.generation;

import org.jspecify.annotations.NullMarked;
