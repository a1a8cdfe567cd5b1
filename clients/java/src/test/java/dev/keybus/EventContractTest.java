package dev.keybus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybus.Samples.DoorOpened;
import java.math.BigDecimal;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventContractTest {

  private static final String HEAD =
      "{\"id\":\"3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a\",\"type\":\"door.opened\","
          + "\"time\":\"2026-01-31T08:00:00Z\",\"publisher\":{\"name\":\"doors\"},"
          + "\"schema_version\":\"1.9.0\",\"door\":\"garage-7\"";

  @Test
  void aNewEventIsFilled() {
    DoorOpened event = DoorOpened.door("garage-7").build();
    assertEquals("door.opened", event.text("type"));
    assertEquals("1.2.0", event.text("schema_version"));
    assertTrue(event.text("id").matches("[0-9a-f-]{36}"), event::toJson);
    assertTrue(event.text("time").matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z"));
    assertTrue(event.text("trace").matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01"), event::toJson);
    assertEquals("", event.text("correlation_id"));
    assertFalse(event.toNode().has("publisher"));
  }

  @Test
  void whatIsToBeAbsentIsLeftOut() {
    DoorOpened event = DoorOpened.door("garage-7").filled("trace", null).build();
    assertFalse(event.toNode().has("trace"));
  }

  @Test
  void whatIsHandledIsTheCauseOfWhatIsCreated() {
    DoorOpened first = DoorOpened.door("garage-7").build();
    Cause.handling(first);
    try {
      DoorOpened second = DoorOpened.door("garage-8").build();
      assertEquals(first.text("id"), second.text("causation_id"));
      assertEquals(first.text("id"), second.text("correlation_id"));
      assertEquals(first.text("trace").substring(0, 36), second.text("trace").substring(0, 36));
      assertNotEquals(first.text("trace"), second.text("trace"));
    } finally {
      Cause.none();
    }
  }

  @Test
  void whatIsCarriedOverAndDoesNotFitIsLeftOut() {
    ObjectNode event = DoorOpened.door("a-1").filled("causation_id", "too long").build().toNode();
    DoorOpened made = Samples.withShortCauses().create(event, Set.of("causation_id"));
    assertFalse(made.toNode().has("causation_id"));
  }

  @Test
  void everyFaultIsTold() {
    InvalidEventException error =
        assertThrows(
            InvalidEventException.class,
            () -> DoorOpened.door("Garage").other("price", -1).filled("id", "7").build());
    List<String> pointers = error.faults().stream().map(Fault::pointer).sorted().toList();
    assertEquals(List.of("/door", "/id", "/price"), pointers);
    assertTrue(error.getMessage().contains("/door"), error::getMessage);
  }

  @Test
  void whatWasExpectedAndFoundIsTold() {
    InvalidEventException error =
        assertThrows(
            InvalidEventException.class,
            () -> DoorOpened.door("a-1").other("state", "ajar").filled("id", "7").build());
    Set<String> told = error.faults().stream().map(Fault::toString).collect(Collectors.toSet());
    assertEquals(
        Set.of(
            "/id: expected the format uuid and found \"7\"",
            "/state: expected one of [\"open\",\"shut\"] and found \"ajar\""),
        told);
  }

  @Test
  void brokenTextIsToldWithoutTheParsersOwnAffairs() {
    InvalidEventException error =
        assertThrows(InvalidEventException.class, () -> DoorOpened.CONTRACT.read("{"));
    String told = error.faults().get(0).message();
    assertTrue(told.endsWith("(start marker at [line: 1, column: 1])"), told);
  }

  @ParameterizedTest
  @CsvSource({
    "width, 1.0", // by draft-04, this is no integer
    "wait, '\"1 hour\"'",
    "mail, '\"nobody\"'",
    "door, '\"a-1\\n\"'",
    "door, '\"a-\\ud800\"'",
    "door, '\"a-٣\"'",
    "type, '\"door.closed\"'",
    "schema_version, '\"2.0.0\"'",
    "publisher, '{}'",
    "state, 1",
  })
  void whatDoesNotFitIsRefusedAtItsPlace(String name, String value) {
    InvalidEventException error =
        assertThrows(
            InvalidEventException.class,
            () -> DoorOpened.CONTRACT.read(HEAD + ",\"" + name + "\":" + value + "}"));
    assertTrue(error.faults().get(0).isWithin("/" + name), error::getMessage);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"price\":123456789012345678901234567890",
        "\"price\":0.1000000000000000055511151231257827",
        "\"price\":1.10",
        "\"price\":1E+400",
        "\"width\":-12345678901234567890123456789012345678901234567890",
        "\"undeclared\":{\"none\":null,\"zero\":0.0,\"deep\":[[[]]]}",
        "\"wait\":\"PT15M\",\"free\":\"no colour\"",
        "\"state\":\"ajar\"", // the list may have grown
      })
  void whatFitsIsWrittenAsItWasRead(String more) {
    String json = HEAD + "," + more + "}";
    assertEquals(json, DoorOpened.CONTRACT.read(json).toJson());
  }

  @Test
  void numbersOfAnyLengthAreRead() {
    String digits = "9".repeat(4_300);
    DoorOpened event = DoorOpened.CONTRACT.read(HEAD + ",\"price\":0." + digits + "}");
    assertEquals(new BigDecimal("0." + digits), event.price());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e999999999", "-1e-4301", "0.1e5000"})
  void aNumberThatNobodyWouldWriteOutIsRefused(String number) {
    for (String name : List.of("price", "undeclared")) {
      InvalidEventException error =
          assertThrows(
              InvalidEventException.class,
              () -> DoorOpened.CONTRACT.read(HEAD + ",\"" + name + "\":" + number + "}"));
      assertEquals("/" + name, error.faults().get(0).pointer());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-31T08:00:00.123456789012Z, true",
    "2016-12-31T15:59:60-08:00, true",
    "2016-12-31T16:59:60-08:00, false",
    "2026-02-29T08:00:00Z, false",
    "2026-01-31 08:00:00Z, false",
    "2026-01-31T08:00:00+24:00, false",
  })
  void timesAreRfc3339(String time, boolean fits) {
    String event = HEAD.replace("2026-01-31T08:00:00Z", time) + "}";
    assertEquals(fits, isRead(event), time);
  }

  @ParameterizedTest
  @CsvSource({
    "somebody@example.internal, true",
    "a+b@c-d.e, true",
    "a@[127.0.0.1], true",
    "a@[IPv6:::1], true",
    "a@[::1], false",
    "a@-b.c, false",
    "a@b@c, false",
    "a..b@c.d, false",
  })
  void mailboxesAreRfc5321(String mail, boolean fits) {
    assertEquals(fits, isRead(HEAD + ",\"mail\":\"" + mail + "\"}"), mail);
  }

  @ParameterizedTest
  @CsvSource({
    "^\\p{L}+$, größe, true",
    "^\\p{L}+$, 7, false",
    "^(a|b)\\1$, aa, true",
    "^(a|b)\\1$, ab, false",
    "[a[], [, true",
    "^[a-z&&b]$, '&', true",
    "^.$, 🙂, true",
    "^a|b$, ac, true",
    "^a$, 'a\n', false",
  })
  void patternsAreEcmaScript(String pattern, String text, boolean matches) {
    String schema = "{\"pattern\":" + Json.write(Json.of(pattern)) + "}";
    List<Fault> faults = new ContractSchema(() -> schema).faults(Json.of(text));
    assertEquals(matches, faults.isEmpty(), pattern);
  }

  private static boolean isRead(String event) {
    try {
      return DoorOpened.CONTRACT.read(event).toJson().equals(event);
    } catch (InvalidEventException error) {
      return false;
    }
  }

  @Test
  void aNewEventKeepsToTheList() {
    assertThrows(
        InvalidEventException.class, () -> DoorOpened.door("a-1").other("state", "ajar").build());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "[]", "null", "7", "{} {}", "\"\\ud800\"", "{\"u\":1e99999999999}"})
  void whatIsNoEventIsRefused(String text) {
    assertThrows(InvalidEventException.class, () -> DoorOpened.CONTRACT.read(text));
  }

  @Test
  void whatNestsTooDeepIsRefused() {
    String deep = "[".repeat(5_000) + "]".repeat(5_000);
    assertThrows(
        InvalidEventException.class,
        () -> DoorOpened.CONTRACT.read(HEAD + ",\"u\":" + deep + "}"));
    assertTrue(isRead(HEAD + ",\"u\":" + "[".repeat(900) + "]".repeat(900) + "}"));
  }

  @Test
  void anEventIsWhatItsFieldsAre() {
    DoorOpened event = DoorOpened.CONTRACT.read(HEAD + "}");
    assertEquals(event, DoorOpened.CONTRACT.read(event.toJson()));
    assertEquals(event.hashCode(), DoorOpened.CONTRACT.read(event.toJson()).hashCode());
    assertNotEquals(event, event.toBuilder().build());
    assertNotEquals(event.text("id"), event.toBuilder().build().text("id"));
  }

  @Test
  void whatIsGivenOutChangesNothing() {
    DoorOpened event = DoorOpened.CONTRACT.read(HEAD + "}");
    event.toNode().remove("door");
    assertEquals("garage-7", event.text("door"));
  }
}
