package keybus

import (
	"encoding/json"
	"maps"
	"slices"
)

// Extra holds what a record has beside its fields: members that its contract does not declare,
// which survive reading and writing. The zero value is empty and ready to use. Copies of a record
// may be changed independently.
type Extra struct {
	members map[string]json.RawMessage

	// sources are the texts of fields that say more than a Go value can, such as
	// 0.1000000000000000055; they are written again as long as the field is not changed.
	sources map[string]json.RawMessage
}

// Names are the undeclared members, sorted.
func (x Extra) Names() []string {
	return slices.Sorted(maps.Keys(x.members))
}

// Get is the JSON text of an undeclared member, and whether there is one.
func (x Extra) Get(name string) (json.RawMessage, bool) {
	text, ok := x.members[name]
	return text, ok
}

// Set gives an undeclared member a value, which encoding/json must be able to write. A member that
// is declared is its field's alone; one set here is not written.
func (x *Extra) Set(name string, value any) error {
	text, err := encode(value)
	if err != nil {
		return err
	}
	members := maps.Clone(x.members)
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	members[name] = text
	x.members = members
	return nil
}

// Delete removes an undeclared member.
func (x *Extra) Delete(name string) {
	x.members = maps.Clone(x.members)
	delete(x.members, name)
}
