package dev.keybus;

import java.util.List;
import java.util.stream.Collectors;

/** Events that the bus did not take, each with its code and reason; the others are durable. */
public final class PublishException extends KeybusException {

  private static final long serialVersionUID = 1L;

  private final transient List<RefusedEntry> refused;
  private final int accepted;

  PublishException(List<RefusedEntry> refused, int accepted, Throwable cause) {
    super(described(refused, accepted), cause);
    this.refused = List.copyOf(refused);
    this.accepted = accepted;
  }

  /** The events that were not taken; empty where the exception was serialized. */
  public List<RefusedEntry> refused() {
    return refused == null ? List.of() : refused;
  }

  /** How many events the bus has durably. */
  public int accepted() {
    return accepted;
  }

  private static String described(List<RefusedEntry> refused, int accepted) {
    String first = refused.size() + " of " + (refused.size() + accepted) + " events not published:";
    return refused.stream()
        .map(entry -> "\n  " + entry)
        .collect(Collectors.joining("", first, ""));
  }
}
