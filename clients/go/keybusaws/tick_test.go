package keybusaws_test

import (
	keybus "keybus.dev/client"
)

// Tick is as a generated event is.
type Tick struct {
	ID            string  `json:"id,omitempty"`
	Type          string  `json:"type,omitempty"`
	Time          string  `json:"time,omitempty"`
	Publisher     *string `json:"publisher,omitempty"`
	SchemaVersion string  `json:"schema_version,omitempty"`
	Number        int64   `json:"number"`
	Padding       string  `json:"padding"`

	Extra keybus.Extra `json:"-"`
}

func (*Tick) KeybusContract() keybus.Contract {
	return keybus.Contract{Type: "clock.ticked", Version: "1.2.0", Schema: bundle.Schema("ClockTicked.json")}
}

func (t Tick) MarshalJSON() ([]byte, error)     { return keybus.MarshalRecord(t) }
func (t *Tick) UnmarshalJSON(text []byte) error { return keybus.UnmarshalRecord(text, t) }

var bundle = keybus.NewBundle([]byte(`{"documents": {"ClockTicked.json": {
	"required": ["id", "type", "time", "publisher", "schema_version", "number"],
	"properties": {"publisher": {"type": "string"}, "number": {"type": "integer", "minimum": 0}}
}}}`))
