package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import software.amazon.awssdk.services.eventbridge.model.PutEventsRequestEntry;

/** One event on its way to the bus. */
final class Entry {

  private static final int MOST_ENTRIES = 10;
  private static final int MOST_BYTES = 256 * 1024;
  private static final int BYTES_OF_TIME = 14; // as PutEvents counts it

  private static final Set<String> PASSING =
      Set.of("InternalFailure", "InternalException", "ThrottlingException");

  final PutEventsRequestEntry request;
  String id;

  private final int index;
  private final String eventId;

  private Entry(int index, String eventId, PutEventsRequestEntry request) {
    this.index = index;
    this.eventId = eventId;
    this.request = request;
  }

  static Entry of(int index, KeybusEvent event, String source, String bus) {
    JsonNode fields = event.fields.object();
    PutEventsRequestEntry request =
        PutEventsRequestEntry.builder()
            .source(source)
            .detailType(event.contract.type())
            .detail(event.toJson())
            .eventBusName(bus)
            .time(instant(fields.path("time").asText()))
            .build();
    return new Entry(index, fields.path("id").asText(), request);
  }

  /** The entries in requests that PutEvents takes. */
  static List<List<Entry>> batches(List<Entry> entries) {
    List<List<Entry>> batches = new ArrayList<>();
    List<Entry> batch = new ArrayList<>();
    int bytes = 0;
    for (Entry entry : entries) {
      int size = entry.bytes();
      if (!batch.isEmpty() && (batch.size() == MOST_ENTRIES || bytes + size > MOST_BYTES)) {
        batches.add(batch);
        batch = new ArrayList<>();
        bytes = 0;
      }
      batch.add(entry);
      bytes += size;
    }
    if (!batch.isEmpty()) {
      batches.add(batch);
    }
    return batches;
  }

  /** Whether what failed with this code may succeed in a moment. */
  static boolean isPassing(String code) {
    return PASSING.contains(code);
  }

  /** Whether a refusal is this entry's. */
  boolean is(RefusedEntry other) {
    return other.index() == index;
  }

  RefusedEntry refused(String code, String reason) {
    return new RefusedEntry(index, request.detailType(), eventId, code, reason);
  }

  private int bytes() {
    return (request.time() == null ? 0 : BYTES_OF_TIME)
        + size(request.source())
        + size(request.detailType())
        + size(request.detail());
  }

  private static int size(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** The time, or null where it is none that Java knows, such as a leap second. */
  private static Instant instant(String time) {
    try {
      return OffsetDateTime.parse(time).toInstant();
    } catch (DateTimeException error) {
      return null;
    }
  }
}
