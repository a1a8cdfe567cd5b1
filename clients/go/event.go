package keybus

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Event is implemented by pointers to generated event structs.
type Event interface {
	json.Marshaler
	json.Unmarshaler

	// KeybusContract says which contract the event is bound to.
	KeybusContract() Contract
}

// Contract is what a generated struct says of its contract.
type Contract struct {
	// Type is the event type, such as delivery.status.updated; on EventBridge the detail-type.
	Type string

	// Version is the contract's semantic version.
	Version string

	// Digest is sha256:… of the contract and all that it refers to.
	Digest string

	// Owner is the account that answers for the type.
	Owner string

	// Deprecated says why the type is to be left; it is empty where it is not.
	Deprecated string

	// Schema checks events against the contract.
	Schema *Schema
}

// Major is the contract's major version, as it is written.
func (c Contract) Major() string {
	return major(c.Version)
}

func major(version string) string {
	first, _, _ := strings.Cut(version, ".")
	return first
}

// eventPointer is a pointer to a T that is an event.
type eventPointer[T any] interface {
	*T
	Event
}

// New makes an event: it fills in id, type, time and schema_version where they are empty, and
// checks the event against its contract. The publisher is filled in when the event is published.
//
// The error is an *InvalidEventError that lists every fault.
func New[T any, E eventPointer[T]](event T) (*T, error) {
	if err := Complete(E(&event)); err != nil {
		return nil, err
	}
	return &event, nil
}

// Complete does for an event that is there already what New does for a new one.
func Complete(event Event) error {
	contract := event.KeybusContract()
	fill(event, "id", newID)
	fill(event, "type", func() string { return contract.Type })
	fill(event, "time", Now)
	fill(event, "schema_version", func() string { return contract.Version })
	return validate(event, contract.faultsOfOwn)
}

// Parse reads the JSON text of an event and checks it against its contract. Values that an
// extensible list does not have yet are taken; fields that the contract does not declare are kept
// in Extra.
//
// The error is an *InvalidEventError that lists every fault.
func Parse[T any, E eventPointer[T]](text []byte) (*T, error) {
	event := new(T)
	if err := Read(text, E(event)); err != nil {
		return nil, err
	}
	return event, nil
}

// Read is Parse into an event that is there already, such as one that a generated package's
// ForType has given. What it held before is gone.
func Read(text []byte, event Event) error {
	contract := event.KeybusContract()
	document, err := parseText(contract.Type, text)
	if err != nil {
		return err
	}
	faults := append(contract.faultsOfHead(document), contract.Schema.readingFaults(document)...)
	if len(faults) > 0 {
		return invalid(contract.Type, faults)
	}
	value := reflect.ValueOf(event).Elem()
	value.Set(reflect.Zero(value.Type()))
	return event.UnmarshalJSON(text)
}

// Validate checks an event that is about to be written, as New and Publish do. That it has no
// publisher yet is no fault.
//
// The error is an *InvalidEventError that lists every fault.
func Validate(event Event) error {
	return validate(event, event.KeybusContract().faultsOfHead)
}

func validate(event Event, headFaults func(map[string]any) []Fault) error {
	contract := event.KeybusContract()
	document, _, err := documentOf(event)
	if err != nil {
		return err
	}
	faults := headFaults(document)
	if _, ok := document["publisher"]; ok {
		faults = append(faults, contract.Schema.faults(document)...)
	} else {
		faults = append(faults, contract.faultsWithoutPublisher(document)...)
	}
	if len(faults) > 0 {
		return invalid(contract.Type, faults)
	}
	return nil
}

// Stamp gives the event's JSON text as it is published by the publisher of this name, checked
// against its contract. Where the contract declares them and the event has none, trace,
// correlation_id and causation_id come from the context's Cause. The event itself is not changed.
//
// The error is an *InvalidEventError that lists every fault; an event that names another publisher
// is one.
func Stamp(ctx context.Context, event Event, publisher string) ([]byte, error) {
	contract := event.KeybusContract()
	document, text, err := documentOf(event)
	if err != nil {
		return nil, err
	}
	faults := contract.faultsOfHead(document)
	if found, ok := document["publisher"]; ok {
		faults = append(faults, faultsOfPublisher(found, publisher)...)
	} else {
		document["publisher"] = contract.publisherNamed(publisher, document)
		if text, err = withMember(text, "publisher", document["publisher"]); err != nil {
			return nil, err
		}
	}
	carried := carriedAlong(ctx, event, document)
	for _, each := range carried {
		document[each.name] = each.value
	}
	found := contract.Schema.faults(document)
	for _, each := range carried {
		if hasFaultAt(found, "/"+each.name) {
			delete(document, each.name) // not of this contract's form
		} else if text, err = withMember(text, each.name, each.value); err != nil {
			return nil, err
		}
	}
	if len(found) > 0 {
		faults = append(faults, contract.Schema.faults(document)...)
	}
	if len(faults) > 0 {
		return nil, invalid(contract.Type, faults)
	}
	return text, nil
}

func hasFaultAt(faults []Fault, pointer string) bool {
	return slices.ContainsFunc(faults, func(fault Fault) bool { return fault.Pointer == pointer })
}

// documentOf gives an event as a JSON parser would, and as text.
func documentOf(event Event) (map[string]any, []byte, error) {
	contract := event.KeybusContract()
	text, err := event.MarshalJSON()
	if err != nil {
		return nil, nil, invalid(contract.Type, []Fault{{Keyword: "bad-json", Message: err.Error()}})
	}
	document, err := parseText(contract.Type, text)
	return document, text, err
}

// withMember adds a member to the text of a JSON object that has none of this name.
func withMember(text []byte, name string, value any) ([]byte, error) {
	member, err := encode(map[string]any{name: value})
	if err != nil {
		return nil, err
	}
	if len(text) == len("{}") {
		return member, nil
	}
	return append(append(text[:len(text)-1:len(text)-1], ','), member[1:]...), nil
}
