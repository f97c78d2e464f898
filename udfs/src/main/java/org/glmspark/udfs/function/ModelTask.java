package org.glmspark.udfs.function;

import java.io.Serializable;
import org.glmspark.udfs.ModelSettings;

/// A function, the model it asks, and what a row that fails does: all of a call but its inputs.
///
/// @param function what is done for a row
/// @param model which model
/// @param onFailure what a failed row does to the query
public record ModelTask(RowFunction function, ModelSettings model, OnFailure onFailure)
    implements Serializable {}
