package dev.keybus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.keybus.Samples.DoorOpened;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;

/** The real SDK, and a queue that hands out what is put into it, once. */
@Timeout(60)
class EventSubscriberTest {

  private final Queue<String> bodies = new ConcurrentLinkedQueue<>();
  private final Set<String> deleted = ConcurrentHashMap.newKeySet();
  private final CountDownLatch extended = new CountDownLatch(1);
  private HttpServer server;
  private SqsClient client;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", this::answer);
    server.start();
    client =
        SqsClient.builder()
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
  void onlyWhatWasHandledIsDeleted() {
    String other = envelope("door.closed", DoorOpened.door("shut-1"));
    String failing = envelope("door.opened", DoorOpened.door("stuck-1"));
    String later = failing.replace("\"1.2.0\"", "\"2.0.0\"");
    String unfit = failing.replace("stuck-1", "Stuck");
    bodies.addAll(List.of("no JSON", "7", other, later, unfit, failing));
    String good = envelope("door.opened", DoorOpened.door("good-1"));
    bodies.add(good);
    try (EventSubscriber subscriber = subscriber().build()) {
      subscriber.on(
          DoorOpened.class,
          event -> {
            if (event.text("door").equals("stuck-1")) {
              throw new IllegalStateException("the door is stuck");
            }
            subscriber.stop();
          });
      subscriber.run();
    }
    assertEquals(Set.of(good), deleted);
  }

  @Test
  void whatIsInHandIsFinished() {
    AtomicBoolean finished = new AtomicBoolean();
    bodies.add(envelope("door.opened", DoorOpened.door("slow-1")));
    try (EventSubscriber subscriber = subscriber().visibility(Duration.ofSeconds(1)).build()) {
      subscriber.on(
          DoorOpened.class,
          event -> {
            subscriber.stop();
            extended.await(); // nobody else gets it meanwhile
            finished.set(true);
          });
      subscriber.run();
    }
    assertTrue(finished.get());
    assertEquals(1, deleted.size());
  }

  @Test
  void aTypeAndMajorHasOneHandler() {
    EventSubscriber subscriber = subscriber().build().on(DoorOpened.class, event -> {});
    KeybusException error =
        assertThrows(
            KeybusException.class, () -> subscriber.on(DoorOpened.class, event -> {}));
    assertTrue(error.getMessage().contains("door.opened@1"), error::getMessage);
  }

  private EventSubscriber.Builder subscriber() {
    return EventSubscriber.builder()
        .client(client)
        .queueUrl("http://127.0.0.1/1/doors")
        .wait(Duration.ofSeconds(1));
  }

  private static String envelope(String type, DoorOpened.Builder event) {
    ObjectNode envelope = Json.NODES.objectNode().put("detail-type", type);
    envelope.set("detail", DoorOpened.CONTRACT.stamp(event.build(), "doors").toNode());
    return Json.write(envelope);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
    byte[] body = exchange.getRequestBody().readAllBytes();
    JsonNode request = Json.parse(new String(body, StandardCharsets.UTF_8));
    byte[] answer = Json.write(answer(target, request)).getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  private JsonNode answer(String target, JsonNode request) {
    ObjectNode answer = Json.NODES.objectNode();
    switch (target) {
      case "AmazonSQS.ReceiveMessage" -> {
        String body = bodies.poll();
        if (body != null) {
          answer
              .putArray("Messages")
              .addObject()
              .put("MessageId", "some-id")
              .put("ReceiptHandle", body)
              .put("MD5OfBody", md5(body))
              .put("Body", body);
        }
      }
      case "AmazonSQS.DeleteMessage" -> deleted.add(request.get("ReceiptHandle").textValue());
      case "AmazonSQS.ChangeMessageVisibility" -> extended.countDown();
      default -> throw new IllegalArgumentException(target);
    }
    return answer;
  }

  private static String md5(String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      byte[] digest = MessageDigest.getInstance("MD5").digest(bytes);
      return String.format("%032x", new BigInteger(1, digest));
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }
}
