@NullMarked
package org.glmspark.sampling;

import org.jspecify.annotations.NullMarked;
