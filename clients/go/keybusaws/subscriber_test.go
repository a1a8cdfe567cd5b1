package keybusaws_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keybus.dev/client/keybusaws"
)

// queue hands out its messages once each, and remembers what becomes of them.
type queue struct {
	messages chan string

	mu       sync.Mutex
	deleted  []string
	extended chan string
}

func newQueue(bodies ...string) *queue {
	q := &queue{messages: make(chan string, len(bodies)), extended: make(chan string, 100)}
	for _, body := range bodies {
		q.messages <- body
	}
	return q
}

func (q *queue) ReceiveMessage(ctx context.Context, _ *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	select {
	case body := <-q.messages:
		message := types.Message{Body: aws.String(body), ReceiptHandle: aws.String(body)}
		return &sqs.ReceiveMessageOutput{Messages: []types.Message{message}}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (q *queue) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deleted = append(q.deleted, *in.ReceiptHandle)
	return &sqs.DeleteMessageOutput{}, nil
}

func (q *queue) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	q.extended <- *in.ReceiptHandle
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func message(version string, number int) string {
	return fmt.Sprintf(`{"detail-type": "clock.ticked", "source": "clock", "detail": {"id": "7",
		"type": "clock.ticked", "time": "2026-01-31T08:00:00Z", "publisher": "clock",
		"schema_version": %q, "number": %d, "padding": ""}}`, version, number)
}

// log is what a subscriber has said.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func subscribe(q *queue) (*keybusaws.Subscriber, *log) {
	said := &log{}
	return keybusaws.NewSubscriber(q, "queue", func(o *keybusaws.SubscriberOptions) {
		o.Concurrency = 1
		o.Visibility = time.Millisecond
		o.Logger = slog.New(slog.NewTextHandler(said, nil))
	}), said
}

func TestOnlyWhatIsHandledIsDeleted(t *testing.T) {
	good, last := message("1.0.0", 1), message("1.9.0", 4)
	q := newQueue(good, message("1.0.0", 2), message("1.0.0", 3), message("2.0.0", 1), message("1.0.0", -1),
		`{"detail-type": "others", "detail": {}}`, "no JSON", `{"detail": 7}`, last)
	subscriber, said := subscribe(q)
	ctx, stop := context.WithCancel(context.Background())
	keybusaws.Handle(subscriber, func(ctx context.Context, tick *Tick) error {
		if envelope, ok := keybusaws.EnvelopeOf(ctx); !ok || envelope.Source != "clock" {
			t.Error("a handler knows the envelope")
		}
		switch tick.Number {
		case 2:
			return errors.New("not today")
		case 3:
			panic("never")
		case 4:
			stop()
		}
		return nil
	})
	if err := subscriber.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(q.deleted) != fmt.Sprint([]string{good, last}) {
		t.Error(q.deleted)
	}
	for _, reason := range []string{
		"not today", "never", "no handler for clock.ticked@2", "/number", "no handler for others@",
		"the message is no event",
	} {
		if !strings.Contains(said.text.String(), reason) {
			t.Errorf("%q is not told in %s", reason, said.text.String())
		}
	}
}

func TestWhatIsInHandIsFinishedBeforeTheEnd(t *testing.T) {
	body := message("1.0.0", 1)
	q := newQueue(body)
	subscriber, _ := subscribe(q)
	ctx, stop := context.WithCancel(context.Background())
	keybusaws.Handle(subscriber, func(ctx context.Context, _ *Tick) error {
		stop()
		for range 3 { // as long as the handler runs, nobody else receives its event
			if extended := <-q.extended; extended != body {
				t.Error(extended)
			}
		}
		return ctx.Err()
	})
	if err := subscriber.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(q.deleted) != 1 {
		t.Error(q.deleted)
	}
}

func TestEventsWithoutAContractAreHandledInTheirEnvelope(t *testing.T) {
	body := `{"detail-type": "Door Opened", "source": "aws.key", "detail": {"door": 1.50}}`
	q := newQueue(message("1.0.0", 1), body)
	subscriber, _ := subscribe(q)
	ctx, stop := context.WithCancel(context.Background())
	keybusaws.Handle(subscriber, func(context.Context, *Tick) error { return nil })
	subscriber.HandleEnvelopes("Door Opened", func(_ context.Context, envelope keybusaws.Envelope) error {
		if string(envelope.Detail) != `{"door": 1.50}` || envelope.Source != "aws.key" {
			t.Error(envelope)
		}
		stop()
		return nil
	})
	if err := subscriber.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(q.deleted) != 2 {
		t.Error(q.deleted)
	}
}

func TestATypeHasOneHandler(t *testing.T) {
	subscriber, _ := subscribe(newQueue())
	handle := func(context.Context, *Tick) error { return nil }
	keybusaws.Handle(subscriber, handle)
	defer func() {
		if recover() == nil {
			t.Error("a second handler was taken")
		}
	}()
	keybusaws.Handle(subscriber, handle)
}
