package com.example.portalis;

import com.example.portalis.events.device.DeviceCommandRequested.Command;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How the doors stand. A real gateway would talk to them. */
final class Doors {

  private final Map<String, Position> positions = new ConcurrentHashMap<>();

  /** How a door can stand. */
  enum Position {
    OPEN,
    CLOSED,
    LOCKED
  }

  /** Does what is asked for: how the door stands then. */
  Position move(String deviceId, Command command) {
    return positions.compute(
        deviceId,
        (device, before) ->
            switch (command) {
              case OPEN -> Position.OPEN;
              case CLOSE, UNLOCK -> Position.CLOSED;
              case LOCK -> Position.LOCKED;
              case RESTART -> before == null ? Position.CLOSED : before;
            });
  }
}
