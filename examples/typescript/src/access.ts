import { causedBy, type EventPublisher } from "@keybus/client";

import { AccessGrantCreated, AccessRevoked } from "./key-events/index.js";
import type {
  DeliveryCompleted,
  DeliveryFailed,
  DeliveryScheduled,
} from "./key-events/index.js";

type Publisher = Pick<EventPublisher, "publish">;

/**
 * Who is let in for which delivery.
 *
 * Events may come twice and in any order: a delivery has one grant, which is revoked once, and one
 * that has ended before it was scheduled is let nobody in for.
 */
export class CourierAccess {
  readonly #publisher: Publisher;
  readonly #grants = new Map<string, AccessGrantCreated["grant_id"]>();
  readonly #ended = new Set<string>();

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /** Let the courier in, within the delivery's window. */
  async open(event: DeliveryScheduled): Promise<void> {
    const { delivery_id, site, window } = event;
    if (this.#grants.has(delivery_id) || this.#ended.has(delivery_id)) return;
    const grant_id = delivery_id.replace("DEL-", "GRANT-");
    await this.#publisher.publish(
      AccessGrantCreated.create({
        ...causedBy(event),
        grant_id,
        delivery_id,
        site,
        window,
        holder: { kind: "COURIER", ref: `courier:${delivery_id}` },
        purpose: "DELIVERY",
        doors: [{ door_id: site.site_id.replace("SITE-", "DOOR-") }],
        limits: { max_visits: 1, single_use: true },
        timestamp: new Date().toISOString(),
      }),
    );
    this.#grants.set(delivery_id, grant_id);
  }

  /** Let nobody in any more: the delivery was made, or will not be. */
  async close(event: DeliveryCompleted | DeliveryFailed): Promise<void> {
    const { delivery_id, site } = event;
    const grant_id = this.#grants.get(delivery_id);
    if (grant_id !== undefined) {
      await this.#publisher.publish(
        AccessRevoked.create({
          ...causedBy(event),
          grant_id,
          delivery_id,
          site,
          reason:
            event.type === "delivery.completed" ? "VISIT_ENDED" : "WITHDRAWN",
          revoked_by: { kind: "SYSTEM", ref: "service:courier-access" },
          timestamp: new Date().toISOString(),
        }),
      );
    }
    this.#grants.delete(delivery_id);
    this.#ended.add(delivery_id);
  }
}
