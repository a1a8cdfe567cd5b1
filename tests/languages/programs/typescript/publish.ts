// Publish three events; what is invalid is never sent.
import { EventPublisher, InvalidEvent } from "@keybus/client";

import { DeliveryStatusUpdated } from "./made-events/index.js";

const timestamp = "2026-01-31T08:00:00Z";
const publisher = new EventPublisher({
  endpoint: process.argv[2] ?? "",
  publisher: "key.delivery",
});
const made = ["DEL-1", "DEL-2", "DEL-3"].map((delivery_id) =>
  DeliveryStatusUpdated.create({ delivery_id, status: "IN_GARAGE", timestamp }),
);
const [first, ...others] = made;
if (first === undefined) throw new Error("nothing was made");
console.log(await publisher.publish(first));
for (const id of await publisher.publishMany(others)) console.log(id);

try {
  DeliveryStatusUpdated.create({ delivery_id: "7", status: "IN_GARAGE", timestamp });
  process.exitCode = 1;
} catch (error) {
  if (!(error instanceof InvalidEvent)) throw error;
  if (error.faults[0]?.pointer !== "/delivery_id") throw error;
}
publisher.close();
