package keybus

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

var (
	rawType   = reflect.TypeFor[json.RawMessage]()
	extraType = reflect.TypeFor[Extra]()
	known     sync.Map // reflect.Type to []field
)

// field is what a generated struct's tags say of one of its fields.
type field struct {
	index int

	// name is the member's, as the contract spells it.
	name string

	// omit leaves the member out where the field is zero.
	omit bool

	// null writes null for a nil slice or map.
	null bool

	// lossy says that the field holds numbers, whose text may say more than their value.
	lossy bool
}

// fieldsOf are the fields of a generated struct. The tag is that of encoding/json; where it cannot
// spell a name, json is "-" and the tag keybusname has it. The tag keybus may have omit and null.
func fieldsOf(record reflect.Type) []field {
	if found, ok := known.Load(record); ok {
		return found.([]field)
	}
	var fields []field
	for index := range record.NumField() {
		member := record.Field(index)
		if member.Type == extraType {
			continue
		}
		tag := member.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		own := member.Tag.Get("keybus")
		if spelt, ok := member.Tag.Lookup("keybusname"); ok {
			name = spelt
		}
		fields = append(fields, field{
			index: index,
			name:  name,
			omit:  strings.Contains(options, "omit") || strings.Contains(own, "omit"),
			null:  strings.Contains(own, "null"),
			lossy: isLossy(member.Type),
		})
	}
	known.Store(record, fields)
	return fields
}

// isLossy says whether values of a type are numbers, or hold some outside of records.
func isLossy(of reflect.Type) bool {
	seen := map[reflect.Type]bool{} // a list may hold itself
	for !seen[of] {
		seen[of] = true
		if nullable, ok := reflect.Zero(of).Interface().(interface{ holdsNumbers() bool }); ok {
			return nullable.holdsNumbers()
		}
		switch of.Kind() {
		case reflect.Int64, reflect.Float64:
			return true
		case reflect.Pointer, reflect.Slice, reflect.Map:
			if of == rawType {
				return false
			}
			of = of.Elem()
		}
	}
	return false
}

func lossy[T any]() bool {
	return isLossy(reflect.TypeFor[T]())
}

// extraOf is what a record has beside its fields.
func extraOf(record reflect.Value) Extra {
	for index := range record.NumField() {
		if extra, ok := record.Field(index).Interface().(Extra); ok {
			return extra
		}
	}
	return Extra{}
}

func setExtra(record reflect.Value, extra Extra) {
	for index := range record.NumField() {
		if record.Field(index).Type() == extraType {
			record.Field(index).Set(reflect.ValueOf(extra))
		}
	}
}
