package keybus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
)

// traceparent is W3C Trace Context's, version 00 and those to come: version, trace, span, flags.
var traceparent = regexp.MustCompile(`^([0-9a-f]{2}-[0-9a-f]{32}-)[0-9a-f]{16}(-[0-9a-f]{2})$`)

// Cause is the event that is being handled, and so the cause of what is published meanwhile.
type Cause struct {
	// EventID is its id.
	EventID string

	// CorrelationID is its correlation_id, or its own id where it has none.
	CorrelationID string

	// Trace is its W3C traceparent, or empty.
	Trace string
}

type causeKey struct{}

// WithCause makes an event the cause of what is published with the context.
func WithCause(ctx context.Context, cause Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, cause)
}

// CauseOf is the cause of what is published with the context, and whether there is one.
func CauseOf(ctx context.Context) (Cause, bool) {
	cause, ok := ctx.Value(causeKey{}).(Cause)
	return cause, ok
}

// CausedBy is an event as a cause, by its JSON text.
func CausedBy(text []byte) Cause {
	var event struct {
		ID            string `json:"id"`
		CorrelationID string `json:"correlation_id"`
		Trace         string `json:"trace"`
	}
	_ = json.Unmarshal(text, &event) // what is no text is not carried along
	cause := Cause{EventID: event.ID, CorrelationID: event.CorrelationID, Trace: event.Trace}
	if cause.CorrelationID == "" {
		cause.CorrelationID = event.ID
	}
	return cause
}

// member is a name and a value of a JSON object.
type member struct {
	name, value string
}

// carriedAlong is what the context's cause gives an event that declares it and has none of its own.
func carriedAlong(ctx context.Context, event Event, document map[string]any) []member {
	cause, _ := CauseOf(ctx)
	fields := fieldsOf(reflect.TypeOf(event).Elem())
	return slices.DeleteFunc([]member{
		{"trace", nextTrace(cause.Trace)},
		{"correlation_id", cause.CorrelationID},
		{"causation_id", cause.EventID},
	}, func(each member) bool {
		_, there := document[each.name]
		declared := slices.ContainsFunc(fields, func(field field) bool { return field.name == each.name })
		return there || !declared || each.value == ""
	})
}

// nextTrace is a new span of a trace, or of a new one.
func nextTrace(trace string) string {
	if parts := traceparent.FindStringSubmatch(trace); parts != nil {
		return parts[1] + randomHex(8) + parts[2]
	}
	return "00-" + randomHex(16) + "-" + randomHex(8) + "-01"
}

func randomHex(size int) string {
	bytes := make([]byte, size)
	_, _ = rand.Read(bytes) // never fails, by its documentation
	return hex.EncodeToString(bytes)
}
