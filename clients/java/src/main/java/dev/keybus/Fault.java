package dev.keybus;

import java.io.Serializable;

/**
 * One thing that is wrong with an event.
 *
 * @param pointer JSON pointer (RFC 6901) to the value; empty for the whole event
 * @param message what is wrong with it
 */
public record Fault(String pointer, String message) implements Serializable {

  @Override
  public String toString() {
    return (pointer.isEmpty() ? "event" : pointer) + ": " + message;
  }

  /** Whether the value is the one at a pointer, or within it. */
  boolean isWithin(String other) {
    return pointer.equals(other) || pointer.startsWith(other + "/");
  }
}
