// Exchange reads events by their types, copies them through their structs, and writes them.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"log"
	"os"
	"reflect"

	"example.com/project/events"
	keybus "keybus.dev/client"
)

type row struct {
	Type   string          `json:"type"`
	Detail json.RawMessage `json:"detail"`
}

type answer struct {
	OK       bool     `json:"ok"`
	JSON     string   `json:"json,omitempty"`
	Pointers []string `json:"pointers,omitempty"`
	Error    string   `json:"error,omitempty"`
}

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var found row
		if err := json.Unmarshal(lines.Bytes(), &found); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(exchange(found)); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}

func exchange(found row) answer {
	event := events.ForType(found.Type)
	if err := keybus.Read(found.Detail, event); err != nil {
		return refused(err)
	}
	// Field by field, as a program copies what it was given.
	copied := events.ForType(found.Type)
	from, to := reflect.ValueOf(event).Elem(), reflect.ValueOf(copied).Elem()
	for index := range from.NumField() {
		to.Field(index).Set(from.Field(index))
	}
	text, err := json.Marshal(copied)
	if err != nil {
		return refused(err)
	}
	if err := keybus.Read(text, events.ForType(found.Type)); err != nil {
		return refused(err)
	}
	return answer{OK: true, JSON: string(text)}
}

func refused(err error) answer {
	var invalid *keybus.InvalidEventError
	if !errors.As(err, &invalid) {
		return answer{Error: err.Error()}
	}
	var pointers []string
	for _, fault := range invalid.Faults {
		pointers = append(pointers, fault.Pointer)
	}
	return answer{Pointers: pointers, Error: invalid.Error()}
}
