@NullMarked
package org.glmspark.cache;

import org.jspecify.annotations.NullMarked;
