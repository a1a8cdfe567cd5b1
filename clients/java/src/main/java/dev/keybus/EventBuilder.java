package dev.keybus;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;

/**
 * Puts an event together: the base of every generated event's builder.
 *
 * @param <E> the event
 */
public abstract class EventBuilder<E extends KeybusEvent> extends ObjectBuilder {

  private final EventContract<E> contract;
  private final Set<String> left = new HashSet<>();

  /** A builder of a new event. */
  protected EventBuilder(EventContract<E> contract) {
    this.contract = contract;
  }

  /** A builder of another event with the same content: its id and time are new. */
  protected EventBuilder(EventContract<E> contract, KeybusEvent origin) {
    super(origin);
    this.contract = contract;
    object.remove("id");
    object.remove("time");
    left.addAll(contract.carried());
  }

  /** Gives a property that is filled otherwise a value; null leaves it out. */
  protected final void setFilled(String name, Object value) {
    set(name, value);
    if (value == null) {
      left.add(name);
    }
  }

  /**
   * The event. What was not given of its id, time, type, version, trace and causes is filled in,
   * and all of it is checked; the publisher is filled and checked when it is published.
   *
   * @throws InvalidEventException if the event does not fit its contract
   */
  public final E build() {
    ObjectNode event = object.deepCopy();
    Set<String> carried = Filling.fill(event, contract, left);
    return contract.create(event, carried);
  }
}
