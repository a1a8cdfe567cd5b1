package main

import (
	"sync"

	"example.com/lockwell-bridge/events"
)

// Door is how a device stands.
type Door struct {
	Position string
	Moves    int64
}

// Doors stand in for Lockwell's own interface to its devices. They are safe for concurrent use.
type Doors struct {
	mu    sync.Mutex
	known map[string]Door
}

// NewDoors are all of unknown position.
func NewDoors() *Doors {
	return &Doors{known: map[string]Door{}}
}

// Move carries out a command, and says how the device stands then.
func (d *Doors) Move(device string, command events.DeviceCommandRequestedCommand) Door {
	d.mu.Lock()
	defer d.mu.Unlock()
	door := d.known[device]
	door.Moves++
	switch command {
	case events.DeviceCommandRequestedCommandOpen:
		door.Position = "OPEN"
	case events.DeviceCommandRequestedCommandClose:
		door.Position = "CLOSED"
	case events.DeviceCommandRequestedCommandLock:
		door.Position = "LOCKED"
	case events.DeviceCommandRequestedCommandUnlock:
		door.Position = "UNLOCKED"
	default: // a restart changes nothing
		if door.Position == "" {
			door.Position = "UNKNOWN"
		}
	}
	d.known[device] = door
	return door
}
