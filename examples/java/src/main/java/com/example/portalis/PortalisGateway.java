package com.example.portalis;

import com.example.portalis.events.core.Site;
import com.example.portalis.events.device.DeviceCommandRequested;
import com.example.portalis.events.device.DeviceTelemetryReported;
import com.example.portalis.events.device.DeviceTelemetryReported.ReadingsItem;
import dev.keybus.EventPublisher;
import dev.keybus.EventSubscriber;
import dev.keybus.Json;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out what is asked of Portalis's doors, and reports how they stand then. */
public final class PortalisGateway {

  private static final Logger LOG = LoggerFactory.getLogger(PortalisGateway.class);

  private final Doors doors = new Doors();
  private final EventPublisher publisher;

  private PortalisGateway(EventPublisher publisher) {
    this.publisher = publisher;
  }

  /** Runs until the process is told to end; what is in hand is finished first. */
  public static void main(String[] args) {
    URI bus = URI.create(environment("KEYBUS_URL", "http://127.0.0.1:7411"));
    String queue = environment("QUEUE_URL", bus + "/888888888802/vendor-portalis");
    try (EventPublisher publisher =
            EventPublisher.builder().endpoint(bus).region("local").name("key.devices").build();
        EventSubscriber subscriber =
            EventSubscriber.builder()
                .endpoint(bus)
                .region("local")
                .queueUrl(queue)
                .wait(Duration.ofSeconds(2))
                .build()) {
      PortalisGateway gateway = new PortalisGateway(publisher);
      subscriber.on(DeviceCommandRequested.class, gateway::carryOut);
      Runtime.getRuntime().addShutdownHook(new Thread(subscriber::close));
      LOG.info("receives from {}", queue);
      subscriber.run();
    }
  }

  /** A command that comes a second time does no harm: the door stands as it should already. */
  private void carryOut(DeviceCommandRequested command) {
    Optional<Site> site = command.site();
    if (site.isEmpty()) {
      LOG.warn("{} names no site, so there is nothing to report", command.commandId());
      return;
    }
    Doors.Position position = doors.move(command.deviceId(), command.command());
    ReadingsItem reading =
        ReadingsItem.builder().name("position").value(Json.of(position.name())).build();
    DeviceTelemetryReported report =
        DeviceTelemetryReported.builder()
            .deviceId(command.deviceId())
            .vendor(command.vendor())
            .kind(command.kind())
            .site(site.get())
            .readings(List.of(reading))
            .timestamp(Instant.now().truncatedTo(ChronoUnit.MILLIS).toString())
            .build();
    String id = publisher.publish(report);
    LOG.info("{}: {} is {}, reported as {}", command.commandId(), command.deviceId(), position, id);
  }

  private static String environment(String name, String otherwise) {
    return Optional.ofNullable(System.getenv(name)).orElse(otherwise);
  }
}
