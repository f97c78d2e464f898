package org.glmspark.job.options;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Makes a record component a key of the job file.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Key {
  /// The sentence for `--help`.
  String value();

  /// The value of an absent key, written as for `--set`: JSON, or else text. `null` makes the
  /// component null, an empty string makes the key one that must be there.
  String defaultValue() default "";

  /// The key's name; by default the component's, in lower case with hyphens between words.
  String name() default "";

  /// What kind of text this is.
  Text text() default Text.PLAIN;

  /// How the text of a key is read.
  enum Text {
    PLAIN,
    /// A path or URI. One that a job file gives relatively is meant from the job file's folder.
    PATH,
    /// Where a model is: a path, relative ones as above, or a URI, or `files:NAME`.
    MODEL,
    /// A list of texts, for which one text stands too.
    ONE_OR_MORE
  }
}
