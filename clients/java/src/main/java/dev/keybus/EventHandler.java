package dev.keybus;

/**
 * What is done with an event.
 *
 * @param <E> the event class
 */
@FunctionalInterface
public interface EventHandler<E extends KeybusEvent> {

  /**
   * Handles an event. When it returns, the event is done with; when it throws, the event comes
   * again.
   */
  void handle(E event) throws Exception;
}
