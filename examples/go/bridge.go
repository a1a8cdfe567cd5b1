package main

import (
	"context"
	"fmt"
	"log/slog"

	"example.com/lockwell-bridge/events"
	keybus "keybus.dev/client"
	"keybus.dev/client/keybusaws"
)

// Bridge carries out what is asked of Lockwell's devices.
type Bridge struct {
	Publisher *keybusaws.Publisher
	Doors     *Doors
}

// CarryOut handles a command. A command that comes a second time is carried out and reported again,
// which does no harm: the door stands as it should.
func (b *Bridge) CarryOut(ctx context.Context, command *events.DeviceCommandRequested) error {
	if command.Site == nil {
		slog.Warn("a command without a site has nothing to report", "command", command.CommandID)
		return nil
	}
	door := b.Doors.Move(command.DeviceID, command.Command)
	report, err := keybus.New(events.DeviceTelemetryReported{
		DeviceID: command.DeviceID,
		Vendor:   command.Vendor,
		Kind:     command.Kind,
		Site:     *command.Site,
		Sequence: &door.Moves,
		Readings: []events.DeviceTelemetryReportedReadingsItem{
			{Name: "position", Value: keybus.MustJSON(door.Position)},
			{Name: "motor_running", Value: keybus.MustJSON(false)},
		},
		Timestamp: keybus.Now(),
	})
	if err != nil {
		return err
	}
	id, err := b.Publisher.Publish(ctx, report)
	if err != nil {
		return fmt.Errorf("%s was carried out and could not be reported: %w", command.CommandID, err)
	}
	slog.Info("reported", "command", command.CommandID, "position", door.Position, "event", id)
	return nil
}
