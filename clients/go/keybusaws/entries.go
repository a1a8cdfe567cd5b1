package keybusaws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	mostEntries = 10         // of one request (EventBridge API Reference, PutEvents)
	mostBytes   = 256 * 1024 // of all its entries
)

// retryable are the codes of entries that may pass when they are put again.
var retryable = map[string]bool{
	"InternalException":   true,
	"InternalFailure":     true,
	"ThrottlingException": true,
}

// entry is an event on its way.
type entry struct {
	index   int
	id      string
	request types.PutEventsRequestEntry
}

// failure is an entry that the bus has not taken.
type failure struct {
	entry        entry
	code, reason string
	err          error
	mayPass      bool
}

func (f failure) refusal() RefusedEntry {
	return RefusedEntry{
		Index:     f.entry.index,
		EventID:   f.entry.id,
		EventType: aws.ToString(f.entry.request.DetailType),
		Code:      f.code,
		Reason:    f.reason,
		err:       f.err,
	}
}

// RefusedEntry is an event that was not published.
type RefusedEntry struct {
	// Index is its place among the events that were to be published.
	Index int

	// EventID is the event's own id.
	EventID string

	// EventType is its type.
	EventType string

	// Code is the bus's error code, such as NotAuthorizedForSource; NotSent where no bus answered.
	Code string

	// Reason is what the bus said.
	Reason string

	err error
}

// PublishError says that some events were not published; all others were.
type PublishError struct {
	// Entries are those that were not, in their order.
	Entries []RefusedEntry

	// Accepted is how many events are durable.
	Accepted int
}

// Error names every event that was not published.
func (e *PublishError) Error() string {
	lines := []string{fmt.Sprintf("keybus: %d of %d events were not published:",
		len(e.Entries), len(e.Entries)+e.Accepted)}
	for _, entry := range e.Entries {
		lines = append(lines, fmt.Sprintf("  event %d, %s %s: %s: %s",
			entry.Index, entry.EventType, entry.EventID, entry.Code, entry.Reason))
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the errors of requests that failed as a whole.
func (e *PublishError) Unwrap() []error {
	var errs []error
	for _, entry := range e.Entries {
		if entry.err != nil && !slices.Contains(errs, entry.err) {
			errs = append(errs, entry.err)
		}
	}
	return errs
}

// batches cuts entries into requests. An entry that is too large for any goes alone, so that the bus
// says what its limit is.
func batches(entries []entry) [][]entry {
	var cut [][]entry
	size := 0
	for _, each := range entries {
		last := len(cut) - 1
		if last < 0 || len(cut[last]) == mostEntries || size+sizeOf(each.request) > mostBytes {
			cut, size = append(cut, nil), 0
			last++
		}
		cut[last] = append(cut[last], each)
		size += sizeOf(each.request)
	}
	return cut
}

// sizeOf is what an entry without time and resources counts, in bytes (EventBridge User Guide,
// Calculating PutEvents event entry size).
func sizeOf(request types.PutEventsRequestEntry) int {
	return len(*request.Source) + len(*request.DetailType) + len(*request.Detail)
}

func sorted(refused []RefusedEntry) []RefusedEntry {
	slices.SortFunc(refused, func(a, b RefusedEntry) int { return a.Index - b.Index })
	return refused
}

// idOf is an event's own id.
func idOf(text []byte) string {
	var event struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(text, &event) // an event without a readable id has none to tell
	return event.ID
}
