package dev.keybus;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeClientBuilder;
import software.amazon.awssdk.services.eventbridge.model.PutEventsRequest;
import software.amazon.awssdk.services.eventbridge.model.PutEventsResultEntry;

/**
 * Publishes typed events by EventBridge's PutEvents, on Keybus or on AWS. Every event is checked
 * before anything is sent; what fails for the moment is tried again; what is refused is told. Safe
 * to share between threads.
 */
public final class EventPublisher implements AutoCloseable {

  private final EventBridgeClient client;
  private final boolean owned;
  private final String name;
  private final String source;
  private final String bus;
  private final int attempts;
  private final Backoff backoff = new Backoff();

  private EventPublisher(Builder builder) {
    this.owned = builder.client == null;
    this.name = Objects.requireNonNull(builder.name, "name the publisher: .name(\"…\")");
    this.source = builder.source == null ? builder.name : builder.source;
    this.bus = builder.bus;
    this.attempts = builder.attempts;
    this.client = owned ? connect(builder) : builder.client;
  }

  /** Begins a publisher. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Publishes one event.
   *
   * @return the id that the bus gave its envelope
   * @throws InvalidEventException if the event does not fit its contract with this publisher
   * @throws PublishException if the bus does not take it
   */
  public String publish(KeybusEvent event) {
    return publishAll(List.of(event)).get(0);
  }

  /**
   * Publishes events, at most ten and 256 KiB a request.
   *
   * @return the ids that the bus gave their envelopes, in the same order
   * @throws InvalidEventException if one does not fit its contract; none is sent then
   * @throws PublishException if the bus does not take some; each is named, the others are durable
   */
  public List<String> publishAll(Iterable<? extends KeybusEvent> events) {
    List<Entry> entries = new ArrayList<>();
    for (KeybusEvent event : events) {
      entries.add(Entry.of(entries.size(), event.contract.stamp(event, name), source, bus));
    }
    List<RefusedEntry> refused = new ArrayList<>();
    SdkException cause = null;
    for (List<Entry> batch : Entry.batches(entries)) {
      try {
        send(batch, refused);
      } catch (SdkException error) {
        cause = error; // the SDK has tried again already
        break;
      }
    }
    if (cause != null) {
      String reason = cause.getMessage();
      entries.stream()
          .filter(entry -> entry.id == null && refused.stream().noneMatch(entry::is))
          .map(entry -> entry.refused("RequestFailed", reason))
          .toList()
          .forEach(refused::add);
    }
    if (!refused.isEmpty()) {
      throw new PublishException(refused, entries.size() - refused.size(), cause);
    }
    return entries.stream().map(entry -> entry.id).toList();
  }

  @Override
  public void close() {
    if (owned) {
      client.close();
    }
  }

  private void send(List<Entry> batch, List<RefusedEntry> refused) {
    List<Entry> pending = batch;
    for (int attempt = 1; !pending.isEmpty(); attempt++) {
      List<Entry> sent = pending;
      PutEventsRequest request =
          PutEventsRequest.builder()
              .entries(sent.stream().map(each -> each.request).toList())
              .build();
      List<PutEventsResultEntry> results = client.putEvents(request).entries();
      pending = new ArrayList<>();
      for (int index = 0; index < sent.size(); index++) {
        Entry entry = sent.get(index);
        PutEventsResultEntry result = results.get(index);
        if (result.errorCode() == null) {
          entry.id = result.eventId();
        } else if (Entry.isPassing(result.errorCode()) && attempt < attempts) {
          pending.add(entry);
        } else {
          refused.add(entry.refused(result.errorCode(), result.errorMessage()));
        }
      }
      if (!pending.isEmpty()) {
        backoff.pause(attempt);
      }
    }
  }

  private static EventBridgeClient connect(Builder builder) {
    EventBridgeClientBuilder made =
        EventBridgeClient.builder().httpClient(UrlConnectionHttpClient.create());
    Aws.configure(made, builder.endpoint, builder.region);
    return made.build();
  }

  /** Puts an {@link EventPublisher} together. */
  public static final class Builder {

    private EventBridgeClient client;
    private URI endpoint;
    private String region;
    private String name;
    private String source;
    private String bus;
    private int attempts = 5;

    private Builder() {}

    /** The name under which this service publishes; it stands in every event. */
    public Builder name(String value) {
      name = value;
      return this;
    }

    /** The envelope's source; the publisher's name where it is not given. */
    public Builder source(String value) {
      source = value;
      return this;
    }

    /** The bus, by its name or ARN; the default one where it is not given. */
    public Builder bus(String value) {
      bus = value;
      return this;
    }

    /** A client to publish with, which whoever made it closes. */
    public Builder client(EventBridgeClient value) {
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

    /** How often an entry is tried that fails for the moment; 5 where it is not given. */
    public Builder attempts(int value) {
      if (value < 1) {
        throw new IllegalArgumentException("attempts is " + value + "; it must be at least 1");
      }
      attempts = value;
      return this;
    }

    /** The publisher. */
    public EventPublisher build() {
      return new EventPublisher(this);
    }
  }
}
