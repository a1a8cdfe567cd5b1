package keybus

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// mostFaults are told of one event; a hostile one could have millions.
const mostFaults = 100

// Fault is one thing that is wrong with an event.
type Fault struct {
	// Pointer is the JSON pointer of the value that is wrong; empty for the whole event.
	Pointer string

	// Keyword is the rule of the contract that it breaks, such as "required" or "maxLength".
	Keyword string

	// Message says what was expected and what was found.
	Message string
}

// String is the fault as one line.
func (f Fault) String() string {
	place := f.Pointer
	if place == "" {
		place = "the event"
	}
	return place + ": " + f.Message
}

// InvalidEventError says that an event does not fit its contract.
type InvalidEventError struct {
	// Type is the event's type.
	Type string

	// Faults are all that is wrong with it, at most a hundred, ordered by their pointers.
	Faults []Fault
}

// Error lists every fault, each on its line.
func (e *InvalidEventError) Error() string {
	lines := []string{fmt.Sprintf("keybus: this %s does not fit its contract:", e.Type)}
	for _, fault := range e.Faults {
		lines = append(lines, "  "+fault.String())
	}
	return strings.Join(lines, "\n")
}

// invalid is the error of these faults, of which each place and keyword is told once.
func invalid(eventType string, faults []Fault) error {
	type key struct{ pointer, keyword string }
	seen := map[key]bool{}
	told := faults[:0:0]
	for _, fault := range faults {
		if k := (key{fault.Pointer, fault.Keyword}); !seen[k] && len(told) < mostFaults {
			seen[k] = true
			told = append(told, fault)
		}
	}
	return &InvalidEventError{Type: eventType, Faults: told}
}

// show is a value as a sentence has it: short, on one line.
func show(value any) string {
	switch value := value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("an array of length %d", len(value))
	case json.Number:
		return "the number " + clip(value.String())
	case string:
		return fmt.Sprintf("the string %q", clip(value))
	}
	return fmt.Sprint(value)
}

func clip(text string) string {
	const longest = 60
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest]) + "…"
}
