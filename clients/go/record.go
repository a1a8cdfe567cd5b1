package keybus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// MarshalRecord writes a generated struct; it is what their MarshalJSON methods call. Fields come in
// the contract's order, then what is in Extra.
func MarshalRecord(record any) ([]byte, error) {
	value := reflect.ValueOf(record)
	fields := fieldsOf(value.Type())
	extra := extraOf(value)
	var out bytes.Buffer
	out.WriteByte('{')
	for _, field := range fields {
		text, err := field.write(value.Field(field.index), extra)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.name, err)
		}
		if text != nil {
			writeMember(&out, field.name, text)
		}
	}
	for _, name := range extra.Names() {
		if !slices.ContainsFunc(fields, func(field field) bool { return field.name == name }) {
			writeMember(&out, name, extra.members[name])
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalRecord reads into a pointer to a generated struct; it is what their UnmarshalJSON methods
// call. Names of members count to the letter, and of members with one name the last one does. What
// a field cannot hold is kept in Extra, and written again.
func UnmarshalRecord(text []byte, record any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	if members == nil {
		return fmt.Errorf("expected an object and found %s", text)
	}
	value := reflect.ValueOf(record).Elem()
	sources := map[string]json.RawMessage{}
	for _, field := range fieldsOf(value.Type()) {
		source, ok := members[field.name]
		if !ok {
			continue
		}
		delete(members, field.name)
		found := reflect.New(value.Field(field.index).Type()).Elem()
		if err := decode(source, found); err != nil {
			found.SetZero()
			sources[field.name] = source
		} else if field.saysMore(source, found) {
			sources[field.name] = source
		}
		value.Field(field.index).Set(found)
	}
	extra := Extra{}
	if len(members) > 0 {
		extra.members = members
	}
	if len(sources) > 0 {
		extra.sources = sources
	}
	setExtra(value, extra)
	return nil
}

// write is the text of a field, or nil where it is absent.
func (f field) write(value reflect.Value, extra Extra) ([]byte, error) {
	if source, ok := extra.sources[f.name]; ok && isUnchanged(value, source) {
		return source, nil
	}
	if f.omit && value.IsZero() {
		return nil, nil
	}
	switch value.Kind() {
	case reflect.Slice, reflect.Map:
		if !value.IsNil() || f.null {
			break
		}
		if value.Type() == rawType {
			return nil, nil
		}
		if value.Kind() == reflect.Map {
			return []byte("{}"), nil
		}
		return []byte("[]"), nil
	}
	return encode(value.Interface())
}

// isUnchanged says whether a value is what its source is read as.
func isUnchanged(value reflect.Value, source json.RawMessage) bool {
	again := reflect.New(value.Type()).Elem()
	if err := decode(source, again); err != nil {
		return value.IsZero()
	}
	return reflect.DeepEqual(value.Interface(), again.Interface())
}

// saysMore says whether a field's source would not be written again as it was.
func (f field) saysMore(source json.RawMessage, value reflect.Value) bool {
	if f.omit && value.IsZero() {
		return true
	}
	if !f.lossy {
		return false
	}
	written, err := encode(value.Interface())
	return err != nil || !bytes.Equal(written, source)
}

func writeMember(out *bytes.Buffer, name string, text []byte) {
	if out.Len() > len("{") {
		out.WriteByte(',')
	}
	quoted, _ := encode(name) // a string can always be written
	out.Write(quoted)
	out.WriteByte(':')
	out.Write(text)
}

// encode is json.Marshal without escapes for HTML.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
