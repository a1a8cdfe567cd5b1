package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;

/** An event class as it is generated, of a small contract. */
final class Samples {

  private static final String SCHEMA =
      """
      {
        "type": "object",
        "required": ["id", "type", "time", "publisher", "schema_version", "door"],
        "properties": {
          "id": {"type": "string", "format": "uuid"},
          "time": {"type": "string", "format": "date-time"},
          "publisher": {"type": "object", "required": ["name"]},
          "correlation_id": {"type": "string", "maxLength": 36},
          "causation_id": {"type": "string"},
          "trace": {"type": "string"},
          "door": {"type": "string", "pattern": "^[a-z]+-\\\\d+$"},
          "price": {"type": "number", "minimum": 0},
          "width": {"type": "integer"},
          "state": {"enum": ["open", "shut"]},
          "mail": {"type": "string", "format": "email"},
          "wait": {"type": "string", "format": "duration"},
          "free": {"type": "string", "format": "colour"}
        }
      }
      """;

  private Samples() {}

  static String schema() {
    return SCHEMA;
  }

  static String readerSchema() {
    return SCHEMA.replace("\"enum\": [\"open\", \"shut\"]", "\"type\": [\"string\"]");
  }

  static EventContract<DoorOpened> withShortCauses() {
    String causes = "\"causation_id\": {\"type\": \"string\"";
    return EventContract.of(
        "door.opened",
        "1.2.0",
        () -> SCHEMA.replace(causes, causes + ", \"maxLength\": 5"),
        DoorOpened::new);
  }

  /** A door was opened. */
  public static final class DoorOpened extends KeybusEvent {

    public static final EventContract<DoorOpened> CONTRACT =
        EventContract.of("door.opened", "1.2.0", Samples::schema, DoorOpened::new)
            .carrying("trace", "correlation_id", "causation_id")
            .reading(Samples::readerSchema);

    private DoorOpened(Fields fields) {
      super(CONTRACT, fields);
    }

    static Builder door(String door) {
      return new Builder().door(door);
    }

    Builder toBuilder() {
      return new Builder(this);
    }

    String text(String name) {
      return fields.find(name, JsonNode::textValue).orElse("");
    }

    BigDecimal price() {
      return fields.get("price", JsonNode::decimalValue);
    }

    static final class Builder extends EventBuilder<DoorOpened> {

      private Builder() {
        super(CONTRACT);
      }

      private Builder(DoorOpened origin) {
        super(CONTRACT, origin);
      }

      Builder door(String value) {
        set("door", value);
        return this;
      }

      Builder filled(String name, String value) {
        setFilled(name, value);
        return this;
      }

      Builder other(String name, Object value) {
        setNullable(name, value);
        return this;
      }
    }
  }
}
