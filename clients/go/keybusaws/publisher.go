package keybusaws

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	keybus "keybus.dev/client"
)

// EventBridge is the part of the AWS SDK's client that publishing needs.
type EventBridge interface {
	PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, options ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// PublisherOptions are what a Publisher does otherwise than by default.
type PublisherOptions struct {
	// Source is the envelope's source; the publisher's name, unless the platform declares another.
	Source string

	// Bus is the name or ARN of the bus; the account's default bus where it is empty.
	Bus string

	// Attempts is how often an entry is put at most that fails for a reason that may pass; 8 where
	// nothing is said.
	Attempts int
}

// Publisher publishes events under one name. It is safe for concurrent use.
type Publisher struct {
	client   EventBridge
	name     string
	source   string
	bus      *string
	attempts int
}

// NewPublisher makes a publisher.
//
// The name is the publisher's on the platform. It is written into each event, and is the
// envelope's source as well, unless the options name another.
func NewPublisher(client EventBridge, name string, options ...func(*PublisherOptions)) *Publisher {
	chosen := PublisherOptions{Source: name, Attempts: 8}
	for _, choose := range options {
		choose(&chosen)
	}
	publisher := &Publisher{client: client, name: name, source: chosen.Source, attempts: chosen.Attempts}
	if chosen.Bus != "" {
		publisher.bus = aws.String(chosen.Bus)
	}
	return publisher
}

// Publish publishes one event, and gives the id of its envelope once the bus has it durably.
//
// Nothing is sent if the event does not fit its contract: the error is a *keybus.InvalidEventError.
// If the bus refuses it, or does not answer, the error is a *PublishError.
func (p *Publisher) Publish(ctx context.Context, event keybus.Event) (string, error) {
	ids, err := p.PublishAll(ctx, event)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// PublishAll publishes events in their order, in as few requests as can be, and gives the ids of
// their envelopes.
//
// All are checked before anything is sent. If the bus refuses some, the others are durable all the
// same; the error is a *PublishError that names each refused one, and its id is empty.
func (p *Publisher) PublishAll(ctx context.Context, events ...keybus.Event) ([]string, error) {
	waiting := make([]entry, len(events))
	var faults []error
	for index, event := range events {
		text, err := keybus.Stamp(ctx, event, p.name)
		if err != nil {
			faults = append(faults, fmt.Errorf("event %d: %w", index, err))
			continue
		}
		waiting[index] = p.entry(index, event, text)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	ids := make([]string, len(events))
	refused := p.put(ctx, waiting, ids)
	if len(refused) > 0 {
		return ids, &PublishError{Entries: refused, Accepted: len(events) - len(refused)}
	}
	return ids, nil
}

// put puts entries until each has an id or is refused for good.
func (p *Publisher) put(ctx context.Context, waiting []entry, ids []string) []RefusedEntry {
	var refused []RefusedEntry
	for attempt := 1; len(waiting) > 0; attempt++ {
		var again []failure
		for _, batch := range batches(waiting) {
			for _, failed := range p.putBatch(ctx, batch, ids) {
				if failed.mayPass && attempt < p.attempts {
					again = append(again, failed)
				} else {
					refused = append(refused, failed.refusal())
				}
			}
		}
		waiting = nil
		if len(again) == 0 {
			break
		}
		over := pause(ctx, attempt) != nil
		for _, failed := range again {
			if over {
				refused = append(refused, failed.refusal())
			} else {
				waiting = append(waiting, failed.entry)
			}
		}
	}
	return sorted(refused)
}

// putBatch sends one request, and gives the entries that failed.
func (p *Publisher) putBatch(ctx context.Context, batch []entry, ids []string) []failure {
	input := &eventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, len(batch))}
	for index, entry := range batch {
		input.Entries[index] = entry.request
	}
	output, err := p.client.PutEvents(ctx, input)
	if err == nil && len(output.Entries) != len(batch) {
		err = fmt.Errorf("the bus answered %d entries of %d", len(output.Entries), len(batch))
	}
	if err != nil {
		return failedAll(batch, err)
	}
	var failed []failure
	for index, result := range output.Entries {
		if id := aws.ToString(result.EventId); id != "" {
			ids[batch[index].index] = id
			continue
		}
		code := aws.ToString(result.ErrorCode)
		failed = append(failed, failure{
			entry:   batch[index],
			code:    code,
			reason:  aws.ToString(result.ErrorMessage),
			mayPass: retryable[code],
		})
	}
	return failed
}

func (p *Publisher) entry(index int, event keybus.Event, text []byte) entry {
	contract := event.KeybusContract()
	return entry{
		index: index,
		id:    idOf(text),
		request: types.PutEventsRequestEntry{
			Source:       aws.String(p.source),
			DetailType:   aws.String(contract.Type),
			Detail:       aws.String(string(text)),
			EventBusName: p.bus,
		},
	}
}

// failedAll are all entries of a request that failed as a whole, after the SDK's own retries.
func failedAll(batch []entry, err error) []failure {
	code := "NotSent"
	var answered smithy.APIError
	if errors.As(err, &answered) {
		code = answered.ErrorCode()
	}
	failed := make([]failure, len(batch))
	for index, entry := range batch {
		failed[index] = failure{entry: entry, code: code, reason: err.Error(), err: err}
	}
	return failed
}
