// Handle some events, say their ids, and stop.
import { EventSubscriber } from "@keybus/client";

import { DeliveryStatusUpdated } from "./made-events/index.js";

const [, , endpoint = "", queue = "", count = ""] = process.argv;
let seen = 0;
const subscriber = new EventSubscriber({ endpoint, queue });
subscriber.on(DeliveryStatusUpdated, (event) => {
  console.log(event.id);
  seen += 1;
  if (seen === Number(count)) subscriber.stop();
});
await subscriber.run();
