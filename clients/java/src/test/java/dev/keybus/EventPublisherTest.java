package dev.keybus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.keybus.Samples.DoorOpened;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;

/** The real SDK, and a bus that answers what it is told to. */
class EventPublisherTest {

  private final Deque<String> codes = new ArrayDeque<>();
  private final List<JsonNode> requests = Collections.synchronizedList(new ArrayList<>());
  private HttpServer server;
  private EventBridgeClient client;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {
      byte[] body = exchange.getRequestBody().readAllBytes();
      JsonNode request = Json.parse(new String(body, StandardCharsets.UTF_8));
      requests.add(request);
      byte[] answer = answer(request.get("Entries").size()).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
    });
    server.start();
    client =
        EventBridgeClient.builder()
            .endpointOverride(URI.create("http://127.0.0.1:" + server.getAddress().getPort()))
            .region(Region.of("local"))
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any")))
            .httpClient(UrlConnectionHttpClient.create())
            .build();
  }

  @AfterEach
  void stop() {
    client.close();
    server.stop(0);
  }

  @Test
  void anEventGoesOutWithItsPublisher() {
    assertEquals("taken-0", publisher().publish(DoorOpened.door("a-1").build()));
    JsonNode entry = requests.get(0).get("Entries").get(0);
    assertEquals("door.opened", entry.get("DetailType").textValue());
    assertEquals("doors", entry.get("Source").textValue());
    JsonNode detail = Json.parse(entry.get("Detail").textValue());
    assertEquals("doors", detail.at("/publisher/name").textValue());
  }

  @Test
  void whatFailsForTheMomentIsTriedAgain() {
    codes.addAll(List.of("", "ThrottlingException", ""));
    List<String> ids = publisher().publishAll(events(3));
    assertEquals(List.of("taken-0", "taken-0", "taken-2"), ids);
    assertEquals(List.of(3, 1), sizes());
  }

  @Test
  void whatIsRefusedIsToldWithItsCode() {
    codes.addAll(List.of("", "NotAuthorizedForSource", ""));
    List<DoorOpened> events = events(3);
    PublishException error =
        assertThrows(PublishException.class, () -> publisher().publishAll(events));
    assertEquals(2, error.accepted());
    RefusedEntry refused = error.refused().get(0);
    assertEquals(1, refused.index());
    assertEquals("NotAuthorizedForSource", refused.code());
    assertEquals(events.get(1).text("id"), refused.eventId());
    assertTrue(error.getMessage().contains("because"), error::getMessage);
    assertEquals(List.of(3), sizes());
  }

  @Test
  void triesEnd() {
    codes.addAll(List.of("InternalFailure", "InternalFailure"));
    EventPublisher publisher =
        EventPublisher.builder().client(client).name("doors").attempts(2).build();
    PublishException error =
        assertThrows(PublishException.class, () -> publisher.publish(events(1).get(0)));
    assertEquals("InternalFailure", error.refused().get(0).code());
    assertEquals(List.of(1, 1), sizes());
  }

  @Test
  void requestsHaveTenEventsAtMost() {
    publisher().publishAll(events(23));
    assertEquals(List.of(10, 10, 3), sizes());
  }

  @Test
  void requestsHave256KibibytesAtMost() {
    String text = "ä".repeat(50 * 1024); // 100 KiB
    List<DoorOpened> events = new ArrayList<>();
    for (int number = 0; number < 5; number++) {
      events.add(DoorOpened.door("a-1").other("text", text).build());
    }
    publisher().publishAll(events);
    assertEquals(List.of(2, 2, 1), sizes());
  }

  @Test
  void nothingIsSentWhereOneIsInvalid() {
    DoorOpened other =
        DoorOpened.door("a-1").other("publisher", Json.parse("{\"name\":\"others\"}")).build();
    assertThrows(
        InvalidEventException.class,
        () -> publisher().publishAll(List.of(events(1).get(0), other)));
    assertEquals(List.of(), sizes());
  }

  @Test
  void aBusThatIsNotThereIsTold() {
    server.stop(0);
    PublishException error =
        assertThrows(PublishException.class, () -> publisher().publishAll(events(12)));
    assertEquals(12, error.refused().size());
    assertEquals("RequestFailed", error.refused().get(11).code());
  }

  private EventPublisher publisher() {
    return EventPublisher.builder().client(client).name("doors").build();
  }

  private static List<DoorOpened> events(int count) {
    List<DoorOpened> events = new ArrayList<>();
    for (int number = 0; number < count; number++) {
      events.add(DoorOpened.door("door-" + number).build());
    }
    return events;
  }

  private List<Integer> sizes() {
    return requests.stream().map(request -> request.get("Entries").size()).toList();
  }

  private String answer(int entries) {
    StringBuilder results = new StringBuilder();
    int failed = 0;
    for (int index = 0; index < entries; index++) {
      String code = codes.isEmpty() ? "" : codes.pop();
      failed += code.isEmpty() ? 0 : 1;
      results.append(index == 0 ? "" : ",");
      results.append(
          code.isEmpty()
              ? "{\"EventId\":\"taken-" + index + "\"}"
              : "{\"ErrorCode\":\"" + code + "\",\"ErrorMessage\":\"because\"}");
    }
    return "{\"FailedEntryCount\":" + failed + ",\"Entries\":[" + results + "]}";
  }
}
