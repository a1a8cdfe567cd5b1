// Consume handles some events of a queue, says their ids, and stops.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/project/events"
	"keybus.dev/client/keybusaws"
)

func main() {
	queueURL := os.Args[1]
	count, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var seen atomic.Int64
	subscriber := keybusaws.NewSubscriber(sqs.NewFromConfig(settings), queueURL)
	keybusaws.Handle(subscriber, func(_ context.Context, event *events.DeliveryStatusUpdated) error {
		fmt.Println(event.ID)
		if seen.Add(1) == count {
			stop()
		}
		return nil
	})
	if err := subscriber.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
