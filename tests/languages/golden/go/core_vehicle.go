
package events

import keybus "keybus.dev/client"

// CoreVehicle is declared in core/Vehicle.json.
type CoreVehicle struct {
	Plate string   `json:"plate"`
	Speed *float64 `json:"speed,omitempty"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (c CoreVehicle) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(c)
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *CoreVehicle) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, c)
}
