package keybusaws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	keybus "keybus.dev/client"
	"keybus.dev/client/keybusaws"
)

// bus answers requests as a function says, and remembers them.
type bus struct {
	requests []*eventbridge.PutEventsInput
	answer   func(request int, entry types.PutEventsRequestEntry) (code string, err error)
}

func (b *bus) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	b.requests = append(b.requests, in)
	output := &eventbridge.PutEventsOutput{}
	for _, entry := range in.Entries {
		code, err := "", error(nil)
		if b.answer != nil {
			code, err = b.answer(len(b.requests), entry)
		}
		if err != nil {
			return nil, err
		}
		result := types.PutEventsResultEntry{EventId: aws.String("envelope-" + number(entry))}
		if code != "" {
			result = types.PutEventsResultEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String("why")}
			output.FailedEntryCount++
		}
		output.Entries = append(output.Entries, result)
	}
	return output, nil
}

func number(entry types.PutEventsRequestEntry) string {
	var tick Tick
	if err := json.Unmarshal([]byte(*entry.Detail), &tick); err != nil {
		panic(err)
	}
	return fmt.Sprint(tick.Number)
}

func ticks(t *testing.T, count int, padding string) []keybus.Event {
	t.Helper()
	var events []keybus.Event
	for n := range count {
		tick, err := keybus.New(Tick{Number: int64(n), Padding: padding})
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, tick)
	}
	return events
}

func TestEventsGoInAsFewRequestsAsCanBe(t *testing.T) {
	fake := &bus{}
	publisher := keybusaws.NewPublisher(fake, "clock", func(o *keybusaws.PublisherOptions) { o.Bus = "main" })
	ids, err := publisher.PublishAll(context.Background(), ticks(t, 23, "")...)
	if err != nil || ids[0] != "envelope-0" || ids[22] != "envelope-22" {
		t.Fatal(ids, err)
	}
	if len(fake.requests) != 3 || len(fake.requests[2].Entries) != 3 {
		t.Errorf("%d requests", len(fake.requests))
	}
	entry := fake.requests[0].Entries[0]
	if *entry.Source != "clock" || *entry.DetailType != "clock.ticked" || *entry.EventBusName != "main" {
		t.Error(*entry.Source, *entry.DetailType, *entry.EventBusName)
	}
	if !strings.Contains(*entry.Detail, `"publisher":"clock"`) {
		t.Error(*entry.Detail)
	}
}

func TestNoRequestIsLargerThanTheBusTakes(t *testing.T) {
	fake := &bus{}
	publisher := keybusaws.NewPublisher(fake, "clock")
	events := ticks(t, 4, strings.Repeat("x", 100_000))
	events = append(events, ticks(t, 1, strings.Repeat("x", 300_000))...)
	if _, err := publisher.PublishAll(context.Background(), events...); err != nil {
		t.Fatal(err)
	}
	var counts []int
	for _, request := range fake.requests {
		counts = append(counts, len(request.Entries))
	}
	if fmt.Sprint(counts) != "[2 2 1]" {
		t.Error(counts)
	}
}

func TestNothingIsSentWhereOneIsInvalid(t *testing.T) {
	fake := &bus{}
	publisher := keybusaws.NewPublisher(fake, "clock")
	events := append(ticks(t, 2, ""), &Tick{Number: -1})
	_, err := publisher.PublishAll(context.Background(), events...)
	var invalid *keybus.InvalidEventError
	if !errors.As(err, &invalid) || len(fake.requests) > 0 {
		t.Fatal(err, len(fake.requests))
	}
}

func TestWhatMayPassIsPutAgain(t *testing.T) {
	fake := &bus{answer: func(request int, entry types.PutEventsRequestEntry) (string, error) {
		if request < 3 && number(entry) == "1" {
			return "ThrottlingException", nil
		}
		return "", nil
	}}
	ids, err := keybusaws.NewPublisher(fake, "clock").PublishAll(context.Background(), ticks(t, 3, "")...)
	if err != nil || fmt.Sprint(ids) != "[envelope-0 envelope-1 envelope-2]" {
		t.Fatal(ids, err)
	}
	if len(fake.requests) != 3 || len(fake.requests[2].Entries) != 1 {
		t.Errorf("%d requests", len(fake.requests))
	}
}

func TestEachRefusedEventIsNamed(t *testing.T) {
	codes := map[string]string{"1": "NotAuthorizedForSource", "2": "InternalFailure"}
	fake := &bus{answer: func(_ int, entry types.PutEventsRequestEntry) (string, error) {
		return codes[number(entry)], nil
	}}
	publisher := keybusaws.NewPublisher(fake, "clock", func(o *keybusaws.PublisherOptions) { o.Attempts = 2 })
	events := ticks(t, 4, "")
	ids, err := publisher.PublishAll(context.Background(), events...)
	var refused *keybusaws.PublishError
	if !errors.As(err, &refused) || refused.Accepted != 2 || len(refused.Entries) != 2 {
		t.Fatal(err)
	}
	first, second := refused.Entries[0], refused.Entries[1]
	if first.Index != 1 || first.EventID != events[1].(*Tick).ID || first.Code != "NotAuthorizedForSource" {
		t.Error(first)
	}
	if second.Index != 2 || second.Code != "InternalFailure" || second.Reason != "why" {
		t.Error(second)
	}
	if ids[0] != "envelope-0" || ids[1] != "" || len(fake.requests) != 2 {
		t.Error(ids, len(fake.requests))
	}
}

func TestABusThatIsNotThereIsToldForEachEvent(t *testing.T) {
	gone := errors.New("connection refused")
	fake := &bus{answer: func(int, types.PutEventsRequestEntry) (string, error) { return "", gone }}
	_, err := keybusaws.NewPublisher(fake, "clock").Publish(context.Background(), ticks(t, 1, "")[0])
	var refused *keybusaws.PublishError
	if !errors.Is(err, gone) || !errors.As(err, &refused) || refused.Entries[0].Code != "NotSent" {
		t.Fatal(err)
	}
}

func TestAContextThatIsDoneEndsTheRetries(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	fake := &bus{answer: func(int, types.PutEventsRequestEntry) (string, error) {
		cancel()
		return "ThrottlingException", nil
	}}
	_, err := keybusaws.NewPublisher(fake, "clock").Publish(ctx, ticks(t, 1, "")[0])
	var refused *keybusaws.PublishError
	if !errors.As(err, &refused) || refused.Entries[0].Code != "ThrottlingException" || len(fake.requests) != 1 {
		t.Fatal(err, len(fake.requests))
	}
}
