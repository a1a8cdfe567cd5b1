package dev.keybus;

import java.io.Serializable;

/**
 * An event that the bus did not take.
 *
 * @param index which one it is of those that were to be published, from 0
 * @param type its type
 * @param eventId its own id
 * @param code the bus's code, such as {@code NotAuthorizedForSource}
 * @param reason the bus's words
 */
public record RefusedEntry(int index, String type, String eventId, String code, String reason)
    implements Serializable {

  @Override
  public String toString() {
    return "event " + index + " (" + type + " " + eventId + "): " + code + ": " + reason;
  }
}
