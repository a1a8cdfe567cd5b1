package dev.keybus;

import java.util.List;
import java.util.stream.Collectors;

/** An event does not fit its contract. */
public final class InvalidEventException extends KeybusException {

  private static final long serialVersionUID = 1L;

  private final String type;
  private final transient List<Fault> faults;

  InvalidEventException(String type, List<Fault> faults) {
    super(described(type, faults));
    this.type = type;
    this.faults = List.copyOf(faults);
  }

  /** The event's type. */
  public String type() {
    return type;
  }

  /** Everything that is wrong with it; empty where the exception was serialized. */
  public List<Fault> faults() {
    return faults == null ? List.of() : faults;
  }

  private static String described(String type, List<Fault> faults) {
    return faults.stream()
        .map(fault -> "\n  " + fault)
        .collect(Collectors.joining("", type + " does not fit its contract:", ""));
  }
}
