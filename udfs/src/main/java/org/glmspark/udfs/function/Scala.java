package org.glmspark.udfs.function;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import scala.Function1;
import scala.PartialFunction;
import scala.collection.Iterator;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractPartialFunction;

/// Catalyst's collections and partial functions, from Java and back.
public final class Scala {
  private Scala() {}

  /// The elements, in a list of their own that may be changed.
  public static <T extends @Nullable Object> List<T> list(
      scala.collection.Iterable<? extends T> elements) {
    var list = new ArrayList<T>();
    for (Iterator<? extends T> it = elements.iterator(); it.hasNext(); ) {
      list.add(it.next());
    }
    return list;
  }

  /// The elements as Catalyst takes them.
  public static <T> Seq<T> seq(Collection<? extends T> elements) {
    return CollectionConverters.<T>asScala(new ArrayList<T>(elements)).toList();
  }

  /// One element as Catalyst takes several.
  public static <T> Seq<T> seq(T element) {
    return seq(List.of(element));
  }

  /// Some elements and then others.
  public static <T> Seq<T> concat(Seq<? extends T> first, Seq<? extends T> second) {
    List<T> all = list(first);
    all.addAll(Scala.<T>list(second));
    return seq(all);
  }

  /// The partial function that is defined where a rewrite gives something.
  ///
  /// @param rewrite null for what it leaves as it is
  public static <T> PartialFunction<T, T> where(Function<T, @Nullable T> rewrite) {
    return new AbstractPartialFunction<>() {
      @Override
      public boolean isDefinedAt(T node) {
        return rewrite.apply(node) != null;
      }

      @Override
      @SuppressWarnings("unchecked") // a rewrite's type is what tree functions ask for
      public <A extends T, B> B applyOrElse(A node, Function1<A, B> otherwise) {
        @Nullable T rewritten = rewrite.apply(node);
        return rewritten == null ? otherwise.apply(node) : (B) rewritten;
      }
    };
  }

  /// Throws what Java would want declared; Scala declares nothing.
  ///
  /// @return never; so that callers can write `throw`
  static RuntimeException raise(Throwable failure) {
    return Scala.<RuntimeException>raiseAs(failure);
  }

  @SuppressWarnings("unchecked") // erased: whatever it is goes through
  private static <E extends Throwable> RuntimeException raiseAs(Throwable failure) throws E {
    throw (E) failure;
  }
}
