package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The event that is being handled on this thread: events that are created meanwhile carry its
 * trace, its correlation id and, as causation id, its id.
 *
 * @param eventId its id
 * @param correlationId its correlation id, or its id where it has none
 * @param trace its W3C traceparent, or empty
 */
record Cause(String eventId, String correlationId, String trace) {

  // W3C Trace Context, section 3.2.
  private static final Pattern TRACEPARENT =
      Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})");

  private static final ThreadLocal<Cause> CURRENT = new ThreadLocal<>();
  private static final SecureRandom RANDOM = new SecureRandom();

  static Optional<Cause> current() {
    return Optional.ofNullable(CURRENT.get());
  }

  /** Makes an event the cause of what is created on this thread, until {@link #none} is called. */
  static void handling(KeybusEvent event) {
    JsonNode fields = event.fields.object();
    String id = fields.path("id").asText("");
    String first = fields.path("correlation_id").asText(id);
    CURRENT.set(new Cause(id, first, fields.path("trace").asText("")));
  }

  static void none() {
    CURRENT.remove();
  }

  /** A new span of the cause's trace, or of a new one. */
  static String nextTrace() {
    Matcher found = TRACEPARENT.matcher(current().map(Cause::trace).orElse(""));
    return found.matches()
        ? found.group(1) + "-" + found.group(2) + "-" + hex(8) + "-" + found.group(3)
        : "00-" + hex(16) + "-" + hex(8) + "-01";
  }

  private static String hex(int bytes) {
    byte[] random = new byte[bytes];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
