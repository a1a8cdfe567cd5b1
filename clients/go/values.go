package keybus

import (
	"encoding/json"
	"time"
)

// Now is the present time as events have it: RFC 3339 in UTC, with milliseconds.
func Now() string {
	return Time(time.Now())
}

// Time is a time as events have it: RFC 3339 in UTC, with milliseconds.
func Time(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// Ptr gives a pointer to a value, for optional fields.
func Ptr[T any](value T) *T {
	return &value
}

// MustJSON gives a value as JSON text, for fields that may be of several types. It panics where
// encoding/json cannot write the value.
func MustJSON(value any) json.RawMessage {
	text, err := encode(value)
	if err != nil {
		panic("keybus: " + err.Error())
	}
	return text
}
