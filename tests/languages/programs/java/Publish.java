import com.example.events.core.DeliveryStatus;
import com.example.events.delivery.DeliveryStatusUpdated;
import dev.keybus.EventPublisher;
import dev.keybus.InvalidEventException;
import java.net.URI;

/** Publishes three events; what is invalid is never made. */
public final class Publish {

  private Publish() {}

  public static void main(String[] words) {
    try (EventPublisher publisher =
        EventPublisher.builder()
            .endpoint(URI.create(words[0]))
            .region("local")
            .name("key.delivery")
            .build()) {
      for (int number = 0; number < 3; number++) {
        System.out.println(publisher.publish(update("DEL-" + number).build()));
      }
    }
    try {
      update("7").build();
    } catch (InvalidEventException error) {
      if (error.faults().get(0).pointer().equals("/delivery_id")) {
        return;
      }
      throw error;
    }
    throw new IllegalStateException("what is invalid was made");
  }

  private static DeliveryStatusUpdated.Builder update(String deliveryId) {
    return DeliveryStatusUpdated.builder()
        .deliveryId(deliveryId)
        .status(DeliveryStatus.IN_GARAGE)
        .timestamp("2026-01-31T08:00:00Z");
  }
}
