package keybus_test

import (
	"encoding/json"

	keybus "keybus.dev/client"
)

// ParcelMoved is as a generated event is, with a field of each shape.
type ParcelMoved struct {
	ID            string                   `json:"id,omitempty"`
	Type          string                   `json:"type,omitempty"`
	Time          string                   `json:"time,omitempty"`
	Publisher     *Publisher               `json:"publisher,omitempty"`
	SchemaVersion string                   `json:"schema_version,omitempty"`
	Trace         *string                  `json:"trace,omitempty"`
	CorrelationID *string                  `json:"correlation_id,omitempty"`
	CausationID   *string                  `json:"causation_id,omitempty"`
	Step          Step                     `json:"step"`
	Weight        *float64                 `json:"weight,omitempty"`
	Count         int64                    `json:"count"`
	Note          keybus.Nullable[string]  `json:"note,omitzero"`
	Rate          keybus.Nullable[float64] `json:"rate,omitzero"`
	Holder        *string                  `json:"holder"`
	Tags          []string                 `json:"tags"`
	Marks         []float64                `json:"marks,omitzero"`
	Prices        map[string]float64       `json:"prices,omitzero"`
	Stops         []Stop                   `json:"stops" keybus:"null"`
	Nest          Nest                     `json:"nest,omitzero"`
	Anything      json.RawMessage          `json:"anything,omitempty"`
	Odd           *string                  `json:"-" keybusname:"a \"b\", c" keybus:"omit"`

	Extra keybus.Extra `json:"-"`
}

func (*ParcelMoved) KeybusContract() keybus.Contract {
	return keybus.Contract{
		Type:    "parcel.moved",
		Version: "2.1.0",
		Schema:  bundle.Schema("parcel/ParcelMoved.json"),
	}
}

func (p ParcelMoved) MarshalJSON() ([]byte, error)     { return keybus.MarshalRecord(p) }
func (p *ParcelMoved) UnmarshalJSON(text []byte) error { return keybus.UnmarshalRecord(text, p) }

type Step string

type Nest []Nest

type Publisher struct {
	Name string `json:"name"`

	Extra keybus.Extra `json:"-"`
}

func (p Publisher) MarshalJSON() ([]byte, error)     { return keybus.MarshalRecord(p) }
func (p *Publisher) UnmarshalJSON(text []byte) error { return keybus.UnmarshalRecord(text, p) }

type Stop struct {
	At *int64 `json:"at,omitempty"`

	Extra keybus.Extra `json:"-"`
}

func (s Stop) MarshalJSON() ([]byte, error)     { return keybus.MarshalRecord(s) }
func (s *Stop) UnmarshalJSON(text []byte) error { return keybus.UnmarshalRecord(text, s) }

var bundle = keybus.NewBundle([]byte(`{"documents": {
	"core/Publisher.json": {
		"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}
	},
	"core/Steps and more.json": {"enum": ["LEFT", "THERE"], "x-extensible": true},
	"parcel/ParcelMoved.json": {
		"$schema": "http://json-schema.org/draft-04/schema#",
		"required": ["id", "type", "time", "publisher", "schema_version", "step", "count", "holder", "tags", "stops"],
		"properties": {
			"id": {"type": "string", "format": "uuid"},
			"type": {"type": "string"},
			"time": {"type": "string", "format": "date-time"},
			"publisher": {"$ref": "../core/Publisher.json"},
			"schema_version": {"type": "string"},
			"trace": {"type": "string"},
			"correlation_id": {"type": "string"},
			"causation_id": {"type": "string", "maxLength": 10},
			"step": {"$ref": "../core/Steps%20and%20more.json"},
			"weight": {"type": "number", "minimum": 0},
			"count": {"type": "integer"},
			"note": {"type": ["string", "null"], "format": "no-format-that-there-is"},
			"rate": {"type": ["number", "null"]},
			"holder": {"type": ["string", "null"]},
			"tags": {"type": "array", "items": {"type": "string", "pattern": "^(?!x)\\w+$"}},
			"marks": {"type": "array", "items": {"type": "number"}},
			"prices": {"type": "object", "additionalProperties": {"type": "number"}},
			"stops": {"type": ["array", "null"], "items": {"properties": {"at": {"type": "integer"}}}},
			"a \"b\", c": {"type": "string", "maxLength": 3}
		}
	}
}}`))
