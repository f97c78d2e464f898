@NullMarked
package org.glmspark.model;

import org.jspecify.annotations.NullMarked;
