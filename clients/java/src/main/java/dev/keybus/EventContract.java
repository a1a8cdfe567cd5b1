package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The contract of an event class: what its events are checked against. Safe to share.
 *
 * @param <E> the event class
 */
public final class EventContract<E extends KeybusEvent> {

  private static final String PUBLISHER = "publisher";
  private static final String STAND_IN = "publisher";

  private final String type;
  private final String version;
  private final ContractSchema strict;
  private final ContractSchema reading;
  private final Function<Fields, E> constructor;
  private final Set<String> carried;

  private EventContract(
      String type,
      String version,
      ContractSchema strict,
      ContractSchema reading,
      Function<Fields, E> constructor,
      Set<String> carried) {
    this.type = type;
    this.version = version;
    this.strict = strict;
    this.reading = reading;
    this.constructor = constructor;
    this.carried = carried;
  }

  /**
   * The contract of a generated class.
   *
   * @param type the event type
   * @param version the contract's version
   * @param schema gives the schema, draft-04, with all that it refers to
   * @param constructor makes an event of fields that were checked
   */
  public static <E extends KeybusEvent> EventContract<E> of(
      String type, String version, Supplier<String> schema, Function<Fields, E> constructor) {
    ContractSchema strict = new ContractSchema(schema);
    return new EventContract<>(type, version, strict, strict, constructor, Set.of());
  }

  /**
   * The contract of a generated class, which has it as its constant CONTRACT.
   *
   * @throws KeybusException if the class was not generated
   */
  @SuppressWarnings("unchecked") // the constant's own type says so
  static <E extends KeybusEvent> EventContract<E> of(Class<E> type) {
    try {
      return (EventContract<E>) type.getField("CONTRACT").get(null);
    } catch (ReflectiveOperationException | ClassCastException error) {
      throw new KeybusException(type.getName() + " is no generated event class", error);
    }
  }

  /** The same contract, with properties that new events carry over from the one being handled. */
  public EventContract<E> carrying(String... properties) {
    return new EventContract<>(type, version, strict, reading, constructor, Set.of(properties));
  }

  /** The same contract, with the schema that readers use where lists may have grown. */
  public EventContract<E> reading(Supplier<String> schema) {
    return new EventContract<>(
        type, version, strict, new ContractSchema(schema), constructor, carried);
  }

  /** The event type, such as {@code delivery.status.updated}. */
  public String type() {
    return type;
  }

  /** The contract's version. */
  public String version() {
    return version;
  }

  /** The first number of the version. */
  public String major() {
    return majorOf(version);
  }

  /**
   * Reads an event that was received: its type and the major of its version must be the class's;
   * lists that may grow may have grown.
   *
   * @throws InvalidEventException if it does not fit the contract, or is no JSON
   */
  public E read(String json) {
    JsonNode node;
    try {
      node = Json.parse(json);
    } catch (KeybusException error) {
      throw new InvalidEventException(type, List.of(new Fault("", error.getMessage())));
    }
    return take(node);
  }

  /**
   * Reads an event that was received, from a JSON tree.
   *
   * @throws InvalidEventException if it does not fit the contract
   */
  public E read(JsonNode event) {
    return take(event.deepCopy());
  }

  /** An event that stands in another one, with which it was checked; it is not checked here. */
  public E within(JsonNode event) {
    return constructor.apply(Fields.of(event));
  }

  /** A new event; what was carried over and does not fit is left out. */
  E create(ObjectNode event, Set<String> carriedOver) {
    List<Fault> faults = faultsOfNew(event);
    boolean dropped = false;
    for (String name : carriedOver) {
      if (faults.stream().anyMatch(fault -> fault.isWithin("/" + name)) && event.has(name)) {
        event.remove(name);
        dropped = true;
      }
    }
    refuse(dropped ? faultsOfNew(event) : faults);
    return constructor.apply(new Fields(event));
  }

  /**
   * The event with its publisher, ready to be published.
   *
   * @throws InvalidEventException if it names another, or does not fit the contract with this one
   */
  E stamp(KeybusEvent event, String publisher) {
    ObjectNode stamped = event.toNode();
    if (stamped.has(PUBLISHER)) {
      refuse(faultsOfPublisher(stamped.get(PUBLISHER), publisher));
      refuse(faults(stamped, strict));
      return constructor.apply(new Fields(stamped));
    }
    stamped.putObject(PUBLISHER).put("name", publisher);
    List<Fault> faults = faults(stamped, strict);
    if (faults.stream().anyMatch(fault -> fault.pointer().equals("/" + PUBLISHER))) {
      stamped.put(PUBLISHER, publisher); // some contracts have a text there
      faults = faults(stamped, strict);
    }
    refuse(faults);
    return constructor.apply(new Fields(stamped));
  }

  Set<String> carried() {
    return carried;
  }

  static String majorOf(String version) {
    int dot = version.indexOf('.');
    return dot < 0 ? version : version.substring(0, dot);
  }

  private E take(JsonNode event) {
    if (!event.isObject()) {
      refuse(List.of(new Fault("", "expected a JSON object and found " + Json.write(event))));
    }
    refuse(Portable.faults(event));
    List<Fault> faults = faultsOfHead(event);
    if (!faults.isEmpty() || !strict.faults(event).isEmpty()) {
      faults.addAll(reading.faults(event));
    }
    refuse(faults);
    return constructor.apply(new Fields((ObjectNode) event));
  }

  private List<Fault> faultsOfNew(ObjectNode event) {
    if (event.has(PUBLISHER)) {
      return faults(event, strict);
    }
    ObjectNode standing = event.deepCopy();
    standing.putObject(PUBLISHER).put("name", STAND_IN);
    return faults(standing, strict).stream()
        .filter(fault -> !fault.isWithin("/" + PUBLISHER))
        .toList();
  }

  private List<Fault> faults(ObjectNode event, ContractSchema schema) {
    List<Fault> faults = Portable.faults(event);
    if (faults.isEmpty()) {
      faults = faultsOfHead(event);
      faults.addAll(schema.faults(event));
    }
    return faults;
  }

  /** Another type, or another major version; minor ones may differ. */
  private List<Fault> faultsOfHead(JsonNode event) {
    List<Fault> faults = new ArrayList<>();
    JsonNode found = event.path("type");
    if (found.isTextual() && !found.textValue().equals(type)) {
      faults.add(new Fault("/type", "expected the type " + type + " and found " + found));
    }
    JsonNode given = event.path("schema_version");
    if (given.isTextual() && !majorOf(given.textValue()).equals(major())) {
      String message = "expected a version " + major() + ".x and found " + given;
      faults.add(new Fault("/schema_version", message + ": use the classes of its major version"));
    }
    return faults;
  }

  private static List<Fault> faultsOfPublisher(JsonNode found, String publisher) {
    JsonNode name = found.isObject() ? found.path("name") : found;
    if (publisher.equals(name.textValue())) {
      return List.of();
    }
    String message = "expected the publisher " + publisher + " and found " + found;
    return List.of(
        new Fault("/" + PUBLISHER, message + ": leave it out, it is filled when published"));
  }

  private void refuse(List<Fault> faults) {
    if (!faults.isEmpty()) {
      throw new InvalidEventException(type, faults);
    }
  }
}
