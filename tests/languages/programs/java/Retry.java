import com.example.events.core.DeliveryStatus;
import com.example.events.delivery.DeliveryStatusUpdated;
import dev.keybus.EventSubscriber;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/** Fails on the first delivery of each event, and says which it handled when they came again. */
public final class Retry {

  private Retry() {}

  public static void main(String[] words) {
    int count = Integer.parseInt(words[2]);
    Set<String> seen = new HashSet<>();
    Set<String> done = new HashSet<>();
    try (EventSubscriber subscriber =
        EventSubscriber.builder()
            .endpoint(URI.create(words[0]))
            .region("local")
            .queueUrl(words[1])
            .concurrency(1)
            .visibility(Duration.ofSeconds(1))
            .wait(Duration.ofSeconds(1))
            .build()) {
      subscriber.on(
          DeliveryStatusUpdated.class,
          event -> {
            if (seen.add(event.id())) {
              throw new IllegalStateException("not yet");
            }
            DeliveryStatusUpdated next =
                DeliveryStatusUpdated.builder()
                    .deliveryId(event.deliveryId())
                    .status(DeliveryStatus.COMPLETED)
                    .timestamp(event.timestamp())
                    .build();
            System.out.println(event.id() + " " + next.causationId().orElseThrow());
            done.add(event.id());
            if (done.size() == count) {
              subscriber.stop();
            }
          });
      subscriber.run();
    }
  }
}
