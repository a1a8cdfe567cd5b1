package dev.keybus;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;

/** Keeps messages from others while they are handled. */
final class Visibility implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EventSubscriber.class);

  private final SqsClient client;
  private final String queueUrl;
  private final int seconds;
  private final Set<Held> held = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "keybus-visibility");
            thread.setDaemon(true);
            return thread;
          });

  Visibility(SqsClient client, String queueUrl, Duration timeout) {
    this.client = client;
    this.queueUrl = queueUrl;
    this.seconds = (int) timeout.toSeconds();
    long half = Math.max(1, timeout.toMillis() / 2);
    clock.scheduleAtFixedRate(this::extend, half, half, TimeUnit.MILLISECONDS);
  }

  /** Keeps a message until what is returned is closed. */
  Held hold(Message message) {
    Held one = new Held(this, message.receiptHandle());
    held.add(one);
    return one;
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }

  private void extend() {
    for (Held each : held) {
      try {
        client.changeMessageVisibility(
            request ->
                request
                    .queueUrl(queueUrl)
                    .receiptHandle(each.receiptHandle())
                    .visibilityTimeout(seconds));
      } catch (SdkException error) {
        LOG.warn("a message's visibility was not extended: it may come twice", error);
      }
    }
  }

  /** A message that is kept. */
  record Held(Visibility by, String receiptHandle) implements AutoCloseable {

    @Override
    public void close() {
      by.held.remove(this);
    }
  }
}
