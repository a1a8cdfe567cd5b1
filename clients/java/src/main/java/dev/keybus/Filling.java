package dev.keybus;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** What is filled into a new event where the caller gave nothing. */
final class Filling {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private Filling() {}

  /**
   * Fills an event.
   *
   * @param left properties that the caller wants to be absent
   * @return the properties that were carried over from the event being handled
   */
  static Set<String> fill(ObjectNode event, EventContract<?> contract, Set<String> left) {
    put(event, "id", left, UUID.randomUUID().toString());
    put(event, "type", left, contract.type());
    put(event, "time", left, TIME.format(Instant.now().truncatedTo(ChronoUnit.MILLIS)));
    put(event, "schema_version", left, contract.version());
    Optional<Cause> cause = Cause.current();
    Set<String> carried = new HashSet<>();
    for (String name : contract.carried()) {
      if (!event.has(name)) {
        carriedOver(name, cause).ifPresent(value -> put(event, name, left, value));
        carried.add(name);
      }
    }
    return carried;
  }

  private static Optional<String> carriedOver(String name, Optional<Cause> cause) {
    return switch (name) {
      case "trace" -> Optional.of(Cause.nextTrace());
      case "correlation_id" -> cause.map(Cause::correlationId);
      case "causation_id" -> cause.map(Cause::eventId);
      default -> Optional.empty();
    };
  }

  private static void put(ObjectNode event, String name, Set<String> left, String value) {
    if (!event.has(name) && !left.contains(name)) {
      event.put(name, value);
    }
  }
}
