package dev.keybus;

/** An immutable event, checked against its contract: the base of every generated event class. */
public abstract class KeybusEvent extends KeybusObject {

  final EventContract<?> contract;

  /** An event of these fields, which were checked. */
  protected KeybusEvent(EventContract<?> contract, Fields fields) {
    super(fields);
    this.contract = contract;
  }
}
