package keybusaws

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	keybus "keybus.dev/client"
)

// handler handles an event in its envelope.
type handler func(ctx context.Context, envelope Envelope) error

// binding is an event type and a major version of it, which is empty for all of them.
type binding struct {
	eventType, major string
}

// event is a pointer to a T that is an event.
type event[T any] interface {
	*T
	keybus.Event
}

// Handle registers the handler of a type's events, before Run:
//
//	keybusaws.Handle(subscriber, func(ctx context.Context, event *events.DeliveryCompleted) error {
//		return send(ctx, event.DeliveryID)
//	})
//
// Events of another major version than the type's are not handed to it. Where a handler returns an
// error, its event comes again. What it publishes with its context has the event as its cause.
// Handle panics where the type and major have a handler already.
func Handle[T any, E event[T]](s *Subscriber, handle func(context.Context, *T) error) {
	contract := E(new(T)).KeybusContract()
	s.add(binding{contract.Type, contract.Major()}, func(ctx context.Context, envelope Envelope) error {
		event, err := keybus.Parse[T, E](envelope.Detail)
		if err != nil {
			return &unfitError{err}
		}
		return handle(ctx, event)
	})
}

// HandleEnvelopes registers the handler of events of a detail-type that no struct is for: those of
// others, without a contract. Nothing in them is checked. It panics as Handle does.
func (s *Subscriber) HandleEnvelopes(detailType string, handle func(context.Context, Envelope) error) {
	s.add(binding{eventType: detailType}, handle)
}

func (s *Subscriber) add(key binding, handle handler) {
	if _, ok := s.handlers[key]; ok {
		panic(fmt.Sprintf("keybusaws: %s@%s has a handler already", key.eventType, key.major))
	}
	s.handlers[key] = handle
}

// EnvelopeOf is the envelope of the event that a handler was given the context of.
func EnvelopeOf(ctx context.Context) (Envelope, bool) {
	envelope, ok := ctx.Value(envelopeKey{}).(Envelope)
	return envelope, ok
}

// unfitError says that an event can be handed to no handler.
type unfitError struct {
	err error
}

func (e *unfitError) Error() string { return e.err.Error() }

func (e *unfitError) Unwrap() error { return e.err }

// dispatch hands the body of a message to the handler of its type and major version.
func (s *Subscriber) dispatch(ctx context.Context, body string) error {
	var envelope Envelope
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		return &unfitError{fmt.Errorf("the message is no event: %w", err)}
	}
	handle, err := s.handlerOf(envelope)
	if err != nil {
		return &unfitError{err}
	}
	ctx = keybus.WithCause(ctx, keybus.CausedBy(envelope.Detail))
	return handle(context.WithValue(ctx, envelopeKey{}, envelope), envelope)
}

// handlerOf is the handler of an event's type and major version, or of its type.
func (s *Subscriber) handlerOf(envelope Envelope) (handler, error) {
	var head struct {
		SchemaVersion string `json:"schema_version"`
	}
	malformed := json.Unmarshal(envelope.Detail, &head)
	major, _, _ := strings.Cut(head.SchemaVersion, ".")
	for _, key := range []binding{{envelope.DetailType, major}, {eventType: envelope.DetailType}} {
		if handle, ok := s.handlers[key]; ok {
			return handle, nil
		}
	}
	if malformed != nil {
		return nil, fmt.Errorf("the message is no event: %w", malformed)
	}
	return nil, fmt.Errorf("no handler for %s@%s", envelope.DetailType, major)
}
