import com.example.events.delivery.DeliveryStatusUpdated;
import dev.keybus.EventSubscriber;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** Handles some events, says their ids, and stops. */
public final class Consume {

  private Consume() {}

  public static void main(String[] words) {
    int count = Integer.parseInt(words[2]);
    AtomicInteger seen = new AtomicInteger();
    try (EventSubscriber subscriber =
        EventSubscriber.builder()
            .endpoint(URI.create(words[0]))
            .region("local")
            .queueUrl(words[1])
            .wait(Duration.ofSeconds(1))
            .build()) {
      subscriber.on(
          DeliveryStatusUpdated.class,
          event -> {
            System.out.println(event.id());
            if (seen.incrementAndGet() == count) {
              subscriber.stop();
            }
          });
      subscriber.run();
    }
  }
}
