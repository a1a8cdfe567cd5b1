// Lets couriers in for as long as their delivery lasts, until SIGINT or SIGTERM.
import { EventPublisher, EventSubscriber } from "@keybus/client";

import { CourierAccess } from "./access.js";
import {
  DeliveryCompleted,
  DeliveryFailed,
  DeliveryScheduled,
} from "./key-events/index.js";

const publisher = new EventPublisher({ publisher: "key.access" });
const access = new CourierAccess(publisher);

const subscriber = new EventSubscriber({
  queue: "courier-access",
  account: "222222222222",
})
  .on(DeliveryScheduled, (event) => access.open(event))
  .on(DeliveryCompleted, (event) => access.close(event))
  .on(DeliveryFailed, (event) => access.close(event));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => subscriber.stop());
}
await subscriber.run();
publisher.close();
