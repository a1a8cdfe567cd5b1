package keybus

import (
	"bytes"
	"encoding/json"
)

// Nullable is an optional field that may also be null. Its zero value is absent.
type Nullable[T any] struct {
	value *T
	null  bool
}

// Null is a field that is there and null.
func Null[T any]() Nullable[T] {
	return Nullable[T]{null: true}
}

// Value is a field that has a value.
func Value[T any](value T) Nullable[T] {
	return Nullable[T]{value: &value}
}

// Get is the value, and whether there is one: neither absent nor null.
func (n Nullable[T]) Get() (T, bool) {
	if n.value == nil {
		var none T
		return none, false
	}
	return *n.value, true
}

// IsNull says whether the field is there and null.
func (n Nullable[T]) IsNull() bool {
	return n.null
}

// IsZero says whether the field is absent.
func (n Nullable[T]) IsZero() bool {
	return n.value == nil && !n.null
}

// MarshalJSON writes the value, or null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.value == nil {
		return []byte("null"), nil
	}
	return encode(*n.value)
}

// UnmarshalJSON reads a value, or null.
func (n *Nullable[T]) UnmarshalJSON(text []byte) error {
	*n = Nullable[T]{}
	if bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
		n.null = true
		return nil
	}
	n.value = new(T)
	return decodeInto(text, n.value)
}

// holdsNumbers lets records know that the text of such a field may say more than its value.
func (n Nullable[T]) holdsNumbers() bool {
	return lossy[T]()
}

var _ json.Marshaler = Nullable[int]{}
