// Plays the delivery team, and tells what the service makes of it.
import { EventPublisher, EventSubscriber } from "@keybus/client";

import {
  AccessGrantCreated,
  AccessRevoked,
  DeliveryCompleted,
  DeliveryScheduled,
} from "./key-events/index.js";

const timestamp = "2026-01-05T08:00:00.000Z";
const site = { site_id: "SITE-00168", kind: "SINGLE_HOME" } as const;
const story = { delivery_id: `DEL-${Date.now()}`, site, timestamp };
const publisher = new EventPublisher({ publisher: "key.delivery" });

await publisher.publish(
  DeliveryScheduled.create({
    ...story,
    window: { start: timestamp, end: "2026-01-05T10:00:00.000Z" },
    packages: [{ package_id: "PKG-000007-1", size: "SMALL" }],
  }),
);

const subscriber = new EventSubscriber({
  queue: "access-log",
  account: "222222222222",
})
  .on(AccessGrantCreated, async ({ delivery_id, holder, doors }) => {
    if (delivery_id !== story.delivery_id) return;
    console.log(`${holder.kind} may open ${doors[0]?.door_id}`);
    await publisher.publish(
      DeliveryCompleted.create({ ...story, status: "IN_GARAGE" }),
    );
  })
  .on(AccessRevoked, ({ delivery_id, reason }) => {
    if (delivery_id !== story.delivery_id) return;
    console.log(`and no more: ${reason}`);
    subscriber.stop();
  });

await subscriber.run();
publisher.close();
