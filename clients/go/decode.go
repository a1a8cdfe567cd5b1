package keybus

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// decode reads a JSON text as encoding/json does, but numbers that are too large become the nearest
// that there is, rather than an error.
func decode(text json.RawMessage, value reflect.Value) error {
	if reader, ok := value.Addr().Interface().(json.Unmarshaler); ok {
		return reader.UnmarshalJSON(text)
	}
	switch value.Kind() {
	case reflect.Pointer:
		return decodePointer(text, value)
	case reflect.Slice:
		return decodeSlice(text, value)
	case reflect.Map:
		return decodeMap(text, value)
	case reflect.Int64:
		whole, err := strconv.ParseInt(string(text), 10, 64)
		value.SetInt(whole)
		return unlessRange(err)
	case reflect.Float64:
		number, err := strconv.ParseFloat(string(text), 64)
		value.SetFloat(number)
		return unlessRange(err)
	}
	if string(text) == "null" {
		return errors.New("expected a value and found null")
	}
	return json.Unmarshal(text, value.Addr().Interface())
}

// decodeInto is decode into what a pointer points to.
func decodeInto[T any](text json.RawMessage, pointer *T) error {
	return decode(text, reflect.ValueOf(pointer).Elem())
}

func decodePointer(text json.RawMessage, value reflect.Value) error {
	if string(text) == "null" {
		value.SetZero()
		return nil
	}
	value.Set(reflect.New(value.Type().Elem()))
	return decode(text, value.Elem())
}

func decodeSlice(text json.RawMessage, value reflect.Value) error {
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return err
	}
	if items == nil {
		value.SetZero()
		return nil
	}
	value.Set(reflect.MakeSlice(value.Type(), len(items), len(items)))
	for index, item := range items {
		if err := decode(item, value.Index(index)); err != nil {
			return fmt.Errorf("%d: %w", index, err)
		}
	}
	return nil
}

func decodeMap(text json.RawMessage, value reflect.Value) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	if members == nil {
		value.SetZero()
		return nil
	}
	value.Set(reflect.MakeMapWithSize(value.Type(), len(members)))
	for name, member := range members {
		element := reflect.New(value.Type().Elem()).Elem()
		if err := decode(member, element); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		value.SetMapIndex(reflect.ValueOf(name), element)
	}
	return nil
}

func unlessRange(err error) error {
	if errors.Is(err, strconv.ErrRange) {
		return nil
	}
	return err
}
