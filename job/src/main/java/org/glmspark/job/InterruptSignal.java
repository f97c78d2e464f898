package org.glmspark.job;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Objects;

/// Takes interrupts of the terminal, Ctrl-C, until it is closed; else they end the JVM.
///
/// The JDK has nothing for that but `sun.misc.Signal`. It is called by its name, because javac
/// warns of each other use of it, and nothing suppresses that warning.
final class InterruptSignal implements AutoCloseable {
  private static final String NAME = "INT";

  /// What the JVM did before; `sun.misc.SignalHandler`.
  private final Object previous;

  private InterruptSignal(Object previous) {
    this.previous = previous;
  }

  /// @param action what an interrupt does, in a thread of the JVM
  static InterruptSignal handledBy(Runnable action) {
    try {
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      return new InterruptSignal(
          handle(
              Proxy.newProxyInstance(
                  InterruptSignal.class.getClassLoader(),
                  new Class<?>[] {handler},
                  (proxy, method, arguments) -> {
                    if (method.getDeclaringClass() == handler) {
                      action.run();
                      return null;
                    }
                    return method.invoke(action, arguments); // hashCode and the like
                  })));
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /// @return the handler until now
  private static Object handle(Object handler) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      return Objects.requireNonNull(
          signal
              .getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"))
              .invoke(null, signal.getConstructor(String.class).newInstance(NAME), handler));
    } catch (InvocationTargetException e) {
      throw new IllegalStateException("the signal %s cannot be handled".formatted(NAME), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    var _ = handle(previous);
  }
}
