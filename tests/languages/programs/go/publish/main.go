// Publish publishes three events, says their ids, and shows that an invalid one is never sent.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"example.com/project/events"
	keybus "keybus.dev/client"
	"keybus.dev/client/keybusaws"
)

func main() {
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	publisher := keybusaws.NewPublisher(eventbridge.NewFromConfig(settings), "key.delivery")
	var updates []keybus.Event
	for number := range 3 {
		updated, err := keybus.New(update(fmt.Sprintf("DEL-%d", number)))
		if err != nil {
			log.Fatal(err)
		}
		updates = append(updates, updated)
	}
	ids, err := publisher.PublishAll(ctx, updates...)
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range ids {
		fmt.Println(id)
	}

	wrong := update("7")
	var invalid *keybus.InvalidEventError
	if _, err := keybus.New(wrong); !errors.As(err, &invalid) || invalid.Faults[0].Pointer != "/delivery_id" {
		log.Fatalf("what is invalid was made: %v", err)
	}
	if _, err := publisher.Publish(ctx, &wrong); !errors.As(err, &invalid) {
		log.Fatalf("what is invalid was sent: %v", err)
	}
}

func update(delivery string) events.DeliveryStatusUpdated {
	return events.DeliveryStatusUpdated{
		DeliveryID: delivery,
		Status:     events.CoreDeliveryStatusInGarage,
		Timestamp:  "2026-01-31T08:00:00Z",
	}
}
