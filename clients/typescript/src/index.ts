export { causedBy, type Cause } from "./causes.js";
export type { Connection } from "./connection.js";
export { Contracts } from "./contracts.js";
export {
  InvalidEvent,
  KeybusError,
  PublishError,
  SubscriberError,
  type FailedEntry,
  type Fault,
} from "./errors.js";
export { eventType } from "./bound.js";
export type {
  Draft,
  EventConstants,
  EventHead,
  EventType,
  Fields,
} from "./event.js";
export { parseJson, stringifyJson } from "./json.js";
export { EventPublisher, type PublisherOptions } from "./publisher.js";
export {
  EventSubscriber,
  type Delivery,
  type SubscriberOptions,
} from "./subscriber.js";
