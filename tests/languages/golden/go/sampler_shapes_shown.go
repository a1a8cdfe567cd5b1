
package events

import (
	"encoding/json"

	keybus "keybus.dev/client"
)

// SamplerShapesShown is the event sampler.shapes.shown.
//
// Every shape that bindings know.
type SamplerShapesShown struct {
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

	// It is one of: SamplerShapesShownContactOption1, SamplerShapesShownContactOption2, string.
	Contact json.RawMessage `json:"contact,omitempty"`

	Anything json.RawMessage `json:"anything,omitempty"`

	Free map[string]json.RawMessage `json:"free,omitzero"`

	From *string `json:"from,omitempty"`

	Class *string `json:"class,omitempty"`

	DoorID2 *string `json:"door-id,omitempty"`

	DoorID *string `json:"door id,omitempty"`

	X2fa *bool `json:"2fa,omitempty"`

	Self *string `json:"self,omitempty"`

	// Named like a method.
	ToJSON *string `json:"to_json,omitempty"`

	TYPE *string `json:"TYPE,omitempty"`

	Str *string `json:"str,omitempty"`

	Init *string `json:"__init__,omitempty"`

	Document *string `json:"_document,omitempty"`

	Größe *float64 `json:"größe,omitempty"`

	File *string `json:"ﬁle,omitempty"`

	X日付 *string `json:"日付,omitempty"`

	// Says """anything""" \ even \N{BULLET}, and ends in a quote"
	Note keybus.Nullable[string] `json:"note,omitzero"`

	Verdict *string `json:"verdict"`

	Priority keybus.Nullable[CorePriority] `json:"priority,omitzero"`

	Tree *SamplerShapesShownTree `json:"tree,omitempty"`

	// Any text, or lists of such.
	JSON CoreJSON `json:"json,omitempty"`

	Stops []SamplerShapesShownStopsItem `json:"stops,omitzero"`

	Prices map[string]float64 `json:"prices,omitzero"`

	Fleet map[string]CoreVehicle `json:"fleet,omitzero"`

	// It is one of: int64, bool, []string.
	Mixed json.RawMessage `json:"mixed,omitempty"`

	Amount *float64 `json:"amount,omitempty"`

	Count *int64 `json:"count,omitempty"`

	Vehicle *SamplerShapesShownVehicle `json:"vehicle,omitempty"`

	Wait *string `json:"wait,omitempty"`

	Closed *SamplerShapesShownClosed `json:"closed,omitempty"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// The contract of SamplerShapesShown.
const (
	SamplerShapesShownType    = "sampler.shapes.shown"
	SamplerShapesShownVersion = "2.0.1"
	SamplerShapesShownDigest  = "sha256:00adb68a68c849c4ffca61b9a6065342db2fb17f6a2cde28e18c45ff1870e6dd"
	SamplerShapesShownOwner   = "samplers"
)

// KeybusContract says which contract the event is bound to.
func (*SamplerShapesShown) KeybusContract() keybus.Contract {
	return keybus.Contract{
		Type:    SamplerShapesShownType,
		Version: SamplerShapesShownVersion,
		Digest:  SamplerShapesShownDigest,
		Owner:   SamplerShapesShownOwner,
		Schema:  contracts.Schema("sampler/SamplerShapesShown.json"),
	}
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShown) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShown) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}

// SamplerShapesShownClosed is part of SamplerShapesShown.
type SamplerShapesShownClosed struct {
	Inner *string `json:"inner,omitempty"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShownClosed) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShownClosed) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}

// SamplerShapesShownContactOption1 is part of SamplerShapesShown.
type SamplerShapesShownContactOption1 struct {
	Email string `json:"email"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShownContactOption1) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShownContactOption1) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}

// SamplerShapesShownContactOption2 is part of SamplerShapesShown.
type SamplerShapesShownContactOption2 struct {
	Phone   string `json:"phone"`
	Country *int64 `json:"country,omitempty"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShownContactOption2) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShownContactOption2) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}

// SamplerShapesShownStopsItem is part of SamplerShapesShown.
type SamplerShapesShownStopsItem struct {
	At   string                                      `json:"at"`
	Grid [][]SamplerShapesShownStopsItemGridItemItem `json:"grid,omitzero"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShownStopsItem) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShownStopsItem) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}

// SamplerShapesShownStopsItemGridItemItem is part of SamplerShapesShown.
type SamplerShapesShownStopsItemGridItemItem struct {
	X *int64 `json:"x,omitempty"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShownStopsItemGridItemItem) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShownStopsItemGridItemItem) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}

// SamplerShapesShownVehicle is part of SamplerShapesShown.
type SamplerShapesShownVehicle struct {
	Plate  string   `json:"plate"`
	Speed  *float64 `json:"speed,omitempty"`
	Colour *string  `json:"colour,omitempty"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShownVehicle) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShownVehicle) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}

// SamplerShapesShownTree is part of SamplerShapesShown.
type SamplerShapesShownTree struct {
	Label    string                   `json:"label"`
	Children []SamplerShapesShownTree `json:"children,omitzero"`

	// Extra has what the contract does not declare.
	Extra keybus.Extra `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (s SamplerShapesShownTree) MarshalJSON() ([]byte, error) {
	return keybus.MarshalRecord(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SamplerShapesShownTree) UnmarshalJSON(text []byte) error {
	return keybus.UnmarshalRecord(text, s)
}
