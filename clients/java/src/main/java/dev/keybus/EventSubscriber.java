package dev.keybus;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.SqsClientBuilder;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;

/**
 * Receives a subscription's events from its SQS queue, on Keybus or on AWS, and gives each to the
 * handler of its class.
 *
 * <p>A message is deleted when its handler returns. What a handler throws on comes again when its
 * visibility ends. What does not fit its contract, or has no handler, is logged and never deleted:
 * it comes again until the queue's redrive makes it a dead letter. Deliveries are at least once.
 */
public final class EventSubscriber implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EventSubscriber.class);
  private static final int MOST_MESSAGES = 10;

  private final SqsClient client;
  private final boolean owned;
  private final String queueUrl;
  private final int concurrency;
  private final Duration wait;
  private final Dispatch dispatch;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Backoff backoff = new Backoff();
  private volatile boolean stopping;
  private volatile boolean started;

  private EventSubscriber(Builder builder) {
    this.queueUrl = Objects.requireNonNull(builder.queueUrl, "name the queue: .queueUrl(\"…\")");
    this.owned = builder.client == null;
    this.client = owned ? connect(builder) : builder.client;
    // In order means one after the other.
    this.concurrency = queueUrl.endsWith(".fifo") ? 1 : builder.concurrency;
    this.wait = builder.wait;
    this.dispatch = new Dispatch(client, queueUrl, builder.visibility);
  }

  /** Begins a subscriber. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Registers the handler of an event class.
   *
   * @param type a generated class, such as {@code DeliveryStatusUpdated.class}
   * @throws KeybusException if its type and major version have a handler already
   */
  public <E extends KeybusEvent> EventSubscriber on(
      Class<E> type, EventHandler<? super E> handler) {
    dispatch.add(EventContract.of(type), handler);
    return this;
  }

  /** Receives and handles events until {@link #stop} is called; finishes what is in hand. */
  public void run() {
    started = true;
    ExecutorService workers = Executors.newFixedThreadPool(concurrency);
    Semaphore free = new Semaphore(concurrency);
    int failures = 0;
    try (Visibility visible = dispatch.visibility()) {
      while (!stopping) {
        try {
          receive(workers, free, visible);
          failures = 0;
        } catch (SdkException error) {
          failures++;
          LOG.warn("{} is tried again: {}", queueUrl, error.getMessage());
          backoff.pause(failures);
        }
      }
      free.acquireUninterruptibly(concurrency);
    } finally {
      workers.shutdown();
      ended.countDown();
    }
  }

  /** Lets {@link #run} end when what is in hand is handled. Returns at once. */
  public void stop() {
    stopping = true;
  }

  /** Stops, waits until everything in hand is handled, and lets go of the connection. */
  @Override
  public void close() {
    stop();
    try {
      if (started) {
        ended.await();
      }
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
    if (owned) {
      client.close();
    }
  }

  private void receive(ExecutorService workers, Semaphore free, Visibility visible) {
    int slots = takeSlots(free);
    int given = 0;
    try {
      for (Message message : received(slots)) {
        Visibility.Held held = visible.hold(message);
        workers.execute(
            () -> {
              try (held) {
                dispatch.handle(message);
              } finally {
                free.release();
              }
            });
        given++;
      }
    } finally {
      free.release(slots - given);
    }
  }

  private List<Message> received(int most) {
    ReceiveMessageRequest request =
        ReceiveMessageRequest.builder()
            .queueUrl(queueUrl)
            .maxNumberOfMessages(most)
            .waitTimeSeconds((int) wait.toSeconds())
            .visibilityTimeout(dispatch.visibilitySeconds())
            .build();
    return client.receiveMessage(request).messages();
  }

  /** Waits until something can be handled, and takes all that can be. */
  private static int takeSlots(Semaphore free) {
    free.acquireUninterruptibly();
    int slots = 1;
    while (slots < MOST_MESSAGES && free.tryAcquire()) {
      slots++;
    }
    return slots;
  }

  private static SqsClient connect(Builder builder) {
    SqsClientBuilder made = SqsClient.builder().httpClient(UrlConnectionHttpClient.create());
    Aws.configure(made, builder.endpoint, builder.region);
    return made.build();
  }

  /** Puts an {@link EventSubscriber} together. */
  public static final class Builder {

    private SqsClient client;
    private URI endpoint;
    private String region;
    private String queueUrl;
    private int concurrency = 10;
    private Duration wait = Duration.ofSeconds(20);
    private Duration visibility = Duration.ofSeconds(30);

    private Builder() {}

    /** The URL of the subscription's queue. */
    public Builder queueUrl(String value) {
      queueUrl = value;
      return this;
    }

    /** A client to receive with, which whoever made it closes. */
    public Builder client(SqsClient value) {
      client = value;
      return this;
    }

    /** Where the bus answers; AWS, or what the SDK is configured for, where it is not given. */
    public Builder endpoint(URI value) {
      endpoint = value;
      return this;
    }

    /** The region; the one that the SDK is configured for where it is not given. */
    public Builder region(String value) {
      region = value;
      return this;
    }

    /** Events handled at once; 10 where it is not given, and always 1 where a queue is in order. */
    public Builder concurrency(int value) {
      if (value < 1) {
        throw new IllegalArgumentException("concurrency is " + value + "; it must be at least 1");
      }
      concurrency = value;
      return this;
    }

    /** How long one request waits for events, and stopping may take: 20 seconds at most. */
    public Builder wait(Duration value) {
      wait = value;
      return this;
    }

    /** How long nobody else gets an event; extended while its handler runs. */
    public Builder visibility(Duration value) {
      visibility = value;
      return this;
    }

    /** The subscriber. */
    public EventSubscriber build() {
      return new EventSubscriber(this);
    }
  }
}
