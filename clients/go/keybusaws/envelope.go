package keybusaws

import "encoding/json"

// Envelope is what EventBridge puts around an event.
type Envelope struct {
	// ID is the envelope's own id, as PutEvents has answered it.
	ID string `json:"id"`

	// DetailType is the event's type.
	DetailType string `json:"detail-type"`

	// Source is where the event comes from.
	Source string `json:"source"`

	// Account is the number of the account that put it.
	Account string `json:"account"`

	// Time is when it was put.
	Time string `json:"time"`

	// Region is where.
	Region string `json:"region"`

	// Resources are the ARNs that its publisher has named.
	Resources []string `json:"resources"`

	// Detail is the event as it was published.
	Detail json.RawMessage `json:"detail"`
}

type envelopeKey struct{}
