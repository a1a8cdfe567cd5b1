
package events

import keybus "keybus.dev/client"

// DeliveryStatusUpdated is the event delivery.status.updated.
//
// A delivery came one step further.
type DeliveryStatusUpdated struct {
	// The event's own id.
	ID string `json:"id,omitempty"`

	Type string `json:"type,omitempty"`

	Time string `json:"time,omitempty"`

	// Who emitted it.
	Publisher *CorePublisher `json:"publisher,omitempty"`

	SchemaVersion string `json:"schema_version,omitempty"`

	Trace *string `json:"trace,omitempty"`

	CorrelationID *string `json:"correlation_id,omitempty"`

	CausationID *string `json:"causation_id,omitempty"`

	DeliveryID string `json:"delivery_id"`

	Status DeliveryStatusUpdatedStatus `json:"status"`

	Timestamp string `json:"timestamp"`

	Vehicle *CoreVehicle `json:"vehicle,omitempty"`

	Attempts *int64 `json:"attempts,omitempty"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// The contract of DeliveryStatusUpdated.
const (
	DeliveryStatusUpdatedType    = "delivery.status.updated"
	DeliveryStatusUpdatedVersion = "1.2.0"
	DeliveryStatusUpdatedDigest  = "sha256:b99d1dce63aedad961a4a815b7109ddbe0627351dac32352830a32d0ed846134"
	DeliveryStatusUpdatedOwner   = "deliveries"
)

// KeybusContract says which contract the event is bound to.
func (*DeliveryStatusUpdated) KeybusContract() keybus.Contract {
	return keybus.Contract{
		Type:    DeliveryStatusUpdatedType,
		Version: DeliveryStatusUpdatedVersion,
		Digest:  DeliveryStatusUpdatedDigest,
		Owner:   DeliveryStatusUpdatedOwner,
		Schema:  contracts.Schema("delivery/DeliveryStatusUpdated.json"),
	}
}

// MarshalJSON implements json.Marshaler.
func (d DeliveryStatusUpdated) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(d)
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *DeliveryStatusUpdated) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, d)
}

// DeliveryStatusUpdatedStatus is part of DeliveryStatusUpdated.
type DeliveryStatusUpdatedStatus string

// The values of DeliveryStatusUpdatedStatus.
const (
	DeliveryStatusUpdatedStatusScheduled DeliveryStatusUpdatedStatus = "SCHEDULED"
	DeliveryStatusUpdatedStatusInGarage  DeliveryStatusUpdatedStatus = "IN_GARAGE"
	DeliveryStatusUpdatedStatusCompleted DeliveryStatusUpdatedStatus = "COMPLETED"
)
