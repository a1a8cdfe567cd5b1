package keybus

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// standIn is the name by which an event is judged that has no publisher yet.
const standIn = "publisher"

// newID is a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// fill gives a member of an event a text, where it is empty and can hold one.
func fill(event Event, name string, text func() string) {
	value := reflect.ValueOf(event).Elem()
	for _, field := range fieldsOf(value.Type()) {
		if field.name != name {
			continue
		}
		found := value.Field(field.index)
		if !found.IsZero() {
			return
		}
		switch {
		case found.Kind() == reflect.String:
			found.SetString(text())
		case found.Kind() == reflect.Pointer && found.Type().Elem().Kind() == reflect.String:
			pointer := reflect.New(found.Type().Elem())
			pointer.Elem().SetString(text())
			found.Set(pointer)
		case found.Type() == rawType:
			quoted, _ := json.Marshal(text()) // a string can always be written
			found.SetBytes(quoted)
		}
		return
	}
}

// faultsOfHead finds another type or another major version than the contract's.
func (c Contract) faultsOfHead(document map[string]any) []Fault {
	var faults []Fault
	if found, ok := document["type"]; ok && found != any(c.Type) {
		faults = append(faults, Fault{
			Pointer: "/type",
			Keyword: "other-type",
			Message: fmt.Sprintf("expected the type %q and found %s", c.Type, show(found)),
		})
	}
	version, ok := document["schema_version"].(string)
	if ok && major(version) != c.Major() {
		faults = append(faults, Fault{
			Pointer: "/schema_version",
			Keyword: "other-major",
			Message: fmt.Sprintf("expected a schema version %s.x and found %q", c.Major(), version),
		})
	}
	return faults
}

// faultsOfOwn finds another type or version in a new event, which is of its contract's very version.
func (c Contract) faultsOfOwn(document map[string]any) []Fault {
	faults := c.faultsOfHead(document)
	found := document["schema_version"]
	if len(faults) > 0 || found == nil || found == any(c.Version) {
		return faults
	}
	return []Fault{{
		Pointer: "/schema_version",
		Keyword: "other-version",
		Message: fmt.Sprintf("expected the contract's own version %q and found %s; leave it empty",
			c.Version, show(found)),
	}}
}

// faultsWithoutPublisher are the faults of an event, without those of the publisher that it still
// lacks.
func (c Contract) faultsWithoutPublisher(document map[string]any) []Fault {
	document["publisher"] = c.publisherNamed(standIn, document)
	defer delete(document, "publisher")
	var faults []Fault
	for _, fault := range c.Schema.faults(document) {
		if !isOfPublisher(fault) {
			faults = append(faults, fault)
		}
	}
	return faults
}

// publisherNamed is a publisher as the contract has it: an object with a name, or a plain text.
func (c Contract) publisherNamed(name string, document map[string]any) any {
	object := map[string]any{"name": name}
	document["publisher"] = object
	defer delete(document, "publisher")
	for _, fault := range c.Schema.faults(document) {
		if fault.Pointer != "/publisher" {
			continue
		}
		document["publisher"] = name
		for _, fault := range c.Schema.faults(document) {
			if fault.Pointer == "/publisher" && fault.Keyword == "type" {
				return object
			}
		}
		return name
	}
	return object
}

func faultsOfPublisher(found any, name string) []Fault {
	pointer := "/publisher"
	if object, ok := found.(map[string]any); ok {
		if _, ok := object["name"]; ok {
			pointer, found = "/publisher/name", object["name"]
		}
	}
	if found == any(name) {
		return nil
	}
	return []Fault{{
		Pointer: pointer,
		Keyword: "other-publisher",
		Message: fmt.Sprintf("expected the publisher %q and found %s; leave the publisher out: "+
			"it is filled in when the event is published", name, show(found)),
	}}
}

func isOfPublisher(fault Fault) bool {
	return fault.Pointer == "/publisher" || strings.HasPrefix(fault.Pointer, "/publisher/")
}
