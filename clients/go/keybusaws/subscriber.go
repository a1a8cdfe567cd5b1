package keybusaws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

const (
	mostMessages  = 10 // of one request (SQS API Reference, ReceiveMessage)
	longestPoll   = 20 // seconds
	settleTimeout = 30 * time.Second
)

// SQS is the part of the AWS SDK's client that subscribing needs.
type SQS interface {
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, options ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, options ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput, options ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
}

// SubscriberOptions are what a Subscriber does otherwise than by default.
type SubscriberOptions struct {
	// Concurrency is how many events are handled at once; 10 where nothing is said. With 1 they are
	// handled in the order in which the queue hands them out.
	Concurrency int

	// Visibility is how long nobody else receives an event that is being handled; 30 seconds where
	// nothing is said. It is extended while a handler runs, so it bounds how long an event is away
	// after a crash.
	Visibility time.Duration

	// Logger is told of events that were not handled; slog's default where nothing is said.
	Logger *slog.Logger
}

// Subscriber receives a subscription's events from its queue and hands each to the handler of its
// type. Deliveries are at least once: a handler may see an event twice.
type Subscriber struct {
	client   SQS
	queueURL string
	options  SubscriberOptions
	handlers map[binding]handler
}

// NewSubscriber makes a subscriber of the queue at a URL. Register its handlers with Handle.
func NewSubscriber(client SQS, queueURL string, options ...func(*SubscriberOptions)) *Subscriber {
	chosen := SubscriberOptions{Concurrency: 10, Visibility: 30 * time.Second, Logger: slog.Default()}
	for _, choose := range options {
		choose(&chosen)
	}
	chosen.Concurrency = max(chosen.Concurrency, 1)
	chosen.Visibility = max(chosen.Visibility, time.Millisecond)
	return &Subscriber{client: client, queueURL: queueURL, options: chosen, handlers: map[binding]handler{}}
}

// Run receives and handles events until the context is done. It returns nil once what was in hand
// then is finished: handlers' own contexts go on.
//
// An event is deleted from the queue when its handler returns nil, and in no other case. It comes
// again when its handler returns an error or panics; one that does not fit its contract, or that
// has no handler, comes again too, until the queue's redrive policy makes it a dead letter. The
// reason is logged each time.
//
// Run returns an error only where the queue refuses to be received from.
func (s *Subscriber) Run(ctx context.Context) error {
	var inHand sync.WaitGroup
	defer inHand.Wait()
	free := make(chan struct{}, s.options.Concurrency)
	for failures := 0; ctx.Err() == nil; {
		taken := s.take(ctx, free)
		messages, err := s.receive(ctx, taken)
		for range taken - len(messages) {
			<-free
		}
		if err != nil {
			failures++
			if err := s.afterFailure(ctx, err, failures); err != nil {
				return err
			}
			continue
		}
		failures = 0
		for _, message := range messages {
			inHand.Add(1)
			go func() {
				defer inHand.Done()
				defer func() { <-free }()
				s.handle(context.WithoutCancel(ctx), message)
			}()
		}
	}
	return nil
}

// take waits for a free place and takes as many as there are, up to what one request can fill.
func (s *Subscriber) take(ctx context.Context, free chan struct{}) int {
	select {
	case free <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for taken := 1; taken < mostMessages; taken++ {
		select {
		case free <- struct{}{}:
		default:
			return taken
		}
	}
	return mostMessages
}

func (s *Subscriber) receive(ctx context.Context, most int) ([]types.Message, error) {
	if most == 0 {
		return nil, nil
	}
	output, err := s.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            aws.String(s.queueURL),
		MaxNumberOfMessages: int32(most),
		WaitTimeSeconds:     longestPoll,
		VisibilityTimeout:   seconds(s.options.Visibility),
	})
	if err != nil {
		return nil, err
	}
	return output.Messages, nil
}

// afterFailure waits for better times, unless the queue will refuse the next request as well.
func (s *Subscriber) afterFailure(ctx context.Context, err error, failures int) error {
	if ctx.Err() != nil {
		return nil
	}
	if isRefusal(err) {
		return fmt.Errorf("keybus: %s cannot be received from: %w", s.queueURL, err)
	}
	s.options.Logger.WarnContext(ctx, "receiving failed and is tried again", "queue", s.queueURL, "error", err)
	_ = pause(ctx, failures) // Run looks at the context itself
	return nil
}

// isRefusal says whether the same request would be refused again.
func isRefusal(err error) bool {
	var answered smithy.APIError
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &answered) || !errors.As(err, &response) {
		return false
	}
	return response.HTTPStatusCode()/100 == 4 && !passing[answered.ErrorCode()]
}

// passing are the codes of requests that may be answered later, though the client is to blame.
var passing = map[string]bool{
	"RequestThrottled":    true,
	"Throttling":          true,
	"ThrottlingException": true,
	"OverLimit":           true,
}

// handle hands one message to its handler, and deletes it where that succeeds.
func (s *Subscriber) handle(ctx context.Context, message types.Message) {
	log := s.options.Logger.With("queue", s.queueURL, "message", aws.ToString(message.MessageId))
	stop := s.keepInvisible(ctx, message, log)
	err := s.attempt(ctx, aws.ToString(message.Body))
	stop()
	if err != nil {
		var unfit *unfitError
		if errors.As(err, &unfit) {
			log.ErrorContext(ctx, "an event cannot be handled and is left to the queue", "error", err)
		} else {
			log.ErrorContext(ctx, "a handler failed; its event comes again", "error", err)
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	_, err = s.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{
		QueueUrl:      aws.String(s.queueURL),
		ReceiptHandle: message.ReceiptHandle,
	})
	if err != nil {
		log.ErrorContext(ctx, "a handled event could not be deleted and comes again", "error", err)
	}
}

// attempt is dispatch with a panic as an error.
func (s *Subscriber) attempt(ctx context.Context, body string) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the handler panicked: %v\n%s", reason, debug.Stack())
		}
	}()
	return s.dispatch(ctx, body)
}

// keepInvisible extends a message's visibility timeout until it is stopped.
func (s *Subscriber) keepInvisible(ctx context.Context, message types.Message, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(s.options.Visibility / 2)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			_, err := s.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
				QueueUrl:          aws.String(s.queueURL),
				ReceiptHandle:     message.ReceiptHandle,
				VisibilityTimeout: seconds(s.options.Visibility),
			})
			if err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "an event that is being handled may come again", "error", err)
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// seconds are whole ones, at least one.
func seconds(duration time.Duration) int32 {
	return max(1, int32(duration/time.Second))
}
