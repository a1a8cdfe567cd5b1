package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;

/** Gives each message to the handler of its event's type and major version. */
final class Dispatch {

  private static final Logger LOG = LoggerFactory.getLogger(EventSubscriber.class);

  private final SqsClient client;
  private final String queueUrl;
  private final Duration visibility;
  private final Map<String, Handler<?>> handlers = new ConcurrentHashMap<>();

  Dispatch(SqsClient client, String queueUrl, Duration visibility) {
    this.client = client;
    this.queueUrl = queueUrl;
    this.visibility = visibility;
  }

  <E extends KeybusEvent> void add(EventContract<E> contract, EventHandler<? super E> handler) {
    String key = contract.type() + "@" + contract.major();
    if (handlers.putIfAbsent(key, new Handler<>(contract, handler)) != null) {
      throw new KeybusException(key + " has a handler already");
    }
  }

  int visibilitySeconds() {
    return (int) visibility.toSeconds();
  }

  Visibility visibility() {
    return new Visibility(client, queueUrl, visibility);
  }

  /** Handles a message; it is deleted where that succeeds, and else comes again. */
  void handle(Message message) {
    Handler.Ready event;
    try {
      event = read(message);
    } catch (KeybusException error) {
      String reason = error.getMessage();
      LOG.error("message {} is left to the dead letters: {}", message.messageId(), reason);
      return;
    }
    try {
      event.handle();
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      return;
    } catch (Exception | StackOverflowError error) {
      LOG.error("message {} was not handled and comes again", message.messageId(), error);
      return;
    }
    delete(message);
  }

  private Handler.Ready read(Message message) {
    JsonNode envelope = Json.parse(message.body());
    String type = envelope.path("detail-type").asText();
    JsonNode detail = envelope.path("detail");
    String major = EventContract.majorOf(detail.path("schema_version").asText());
    Handler<?> handler = handlers.get(type + "@" + major);
    if (handler == null) {
      throw new KeybusException(
          "there is no handler for '" + type + "' of major version '" + major + "'");
    }
    return handler.read(detail);
  }

  private void delete(Message message) {
    try {
      client.deleteMessage(
          request -> request.queueUrl(queueUrl).receiptHandle(message.receiptHandle()));
    } catch (SdkException error) {
      LOG.warn("message {} was handled, not deleted, and comes again", message.messageId(), error);
    }
  }

  /** A contract, and what is done with its events. */
  private record Handler<E extends KeybusEvent>(
      EventContract<E> contract, EventHandler<? super E> handler) {

    /** An event that was read, ready to be handled. */
    @FunctionalInterface
    interface Ready {
      void handle() throws Exception;
    }

    Ready read(JsonNode detail) {
      E event = contract.read(detail);
      return () -> {
        Cause.handling(event);
        try {
          handler.handle(event);
        } finally {
          Cause.none();
        }
      };
    }
  }
}
