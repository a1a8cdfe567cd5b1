// Lockwell-bridge carries commands to Lockwell's devices, and tells the platform how they stand then.
//
// It receives device.command.requested from the subscription vendor-lockwell and publishes
// device.telemetry.reported. Where the bus is, and who it is there, the AWS SDK finds out as always:
// AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keybus.dev/client/keybusaws"
)

//go:generate keybus contracts generate ../amazon_key/contracts --language go --out events

const (
	publisherName = "key.devices"
	subscription  = "vendor-lockwell"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("the bridge has ended", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	queues := sqs.NewFromConfig(settings)
	url, err := queueURL(ctx, queues)
	if err != nil {
		return err
	}
	bridge := &Bridge{
		Publisher: keybusaws.NewPublisher(eventbridge.NewFromConfig(settings), publisherName),
		Doors:     NewDoors(),
	}
	subscriber := keybusaws.NewSubscriber(queues, url)
	keybusaws.Handle(subscriber, bridge.CarryOut)
	slog.Info("the bridge is waiting for commands", "queue", url)
	return subscriber.Run(ctx)
}

func queueURL(ctx context.Context, queues *sqs.Client) (string, error) {
	found, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(subscription)})
	if err != nil {
		return "", err
	}
	return aws.ToString(found.QueueUrl), nil
}
