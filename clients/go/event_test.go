package keybus_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	keybus "keybus.dev/client"
)

func parcel() ParcelMoved {
	return ParcelMoved{Step: "LEFT", Count: 1, Tags: []string{"a"}}
}

// text is a parcel's JSON with these members more, or in place of its own.
func text(t *testing.T, members string) []byte {
	t.Helper()
	return []byte(`{"id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a", "type": "parcel.moved",
		"time": "2026-01-31T08:00:00Z", "publisher": {"name": "post"}, "schema_version": "2.0.0",
		"step": "LEFT", "count": 1, "holder": null, "tags": [], "stops": null, ` + members + `}`)
}

func pointers(t *testing.T, err error) []string {
	t.Helper()
	var invalid *keybus.InvalidEventError
	if !errors.As(err, &invalid) {
		t.Fatalf("expected an *InvalidEventError and got %v", err)
	}
	var found []string
	for _, fault := range invalid.Faults {
		found = append(found, fault.Pointer)
	}
	return found
}

func TestNewFillsInWhatEveryEventCarries(t *testing.T) {
	first, err := keybus.New(parcel())
	if err != nil {
		t.Fatal(err)
	}
	second, err := keybus.New(parcel())
	if err != nil {
		t.Fatal(err)
	}
	if first.ID == "" || first.ID == second.ID {
		t.Errorf("ids %q and %q", first.ID, second.ID)
	}
	if first.Type != "parcel.moved" || first.SchemaVersion != "2.1.0" || !strings.HasSuffix(first.Time, "Z") {
		t.Errorf("head %q %q %q", first.Type, first.SchemaVersion, first.Time)
	}
	if first.Publisher != nil {
		t.Error("the publisher is filled in when the event is published")
	}
}

func TestNewListsEveryFault(t *testing.T) {
	wrong := parcel()
	wrong.ID = "7"
	wrong.Step = "LOST"
	wrong.Weight = keybus.Ptr(-1.0)
	wrong.Tags = []string{"x1", "ok"}
	wrong.Odd = keybus.Ptr("long")
	_, err := keybus.New(wrong)
	expected := []string{`/a "b", c`, "/id", "/step", "/tags/0", "/weight"}
	if found := pointers(t, err); !slices.Equal(found, expected) {
		t.Errorf("found %q", found)
	}
}

func TestNewEventIsOfItsContractsVersion(t *testing.T) {
	old := parcel()
	old.SchemaVersion = "2.0.0"
	if _, err := keybus.New(old); !slices.Equal(pointers(t, err), []string{"/schema_version"}) {
		t.Error(err)
	}
}

func TestStampNamesThePublisher(t *testing.T) {
	event, err := keybus.New(parcel())
	if err != nil {
		t.Fatal(err)
	}
	stamped, err := keybus.Stamp(context.Background(), event, "post")
	if err != nil {
		t.Fatal(err)
	}
	again, err := keybus.Parse[ParcelMoved](stamped)
	if err != nil || again.Publisher.Name != "post" {
		t.Fatalf("%v %s", err, stamped)
	}
	if _, err := keybus.Stamp(context.Background(), again, "others"); !slices.Equal(pointers(t, err), []string{"/publisher/name"}) {
		t.Error(err)
	}
}

func TestWhatIsPublishedInAHandlerHasItsEventAsCause(t *testing.T) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for _, each := range []struct{ cause, correlation, span string }{
		{`{"id": "1", "trace": "` + trace + `", "correlation_id": "0"}`, "0", trace[:36]},
		{`{"id": "1", "trace": "nothing that one could follow"}`, "1", "00-"},
	} {
		ctx := keybus.WithCause(context.Background(), keybus.CausedBy([]byte(each.cause)))
		event, err := keybus.New(parcel())
		if err != nil {
			t.Fatal(err)
		}
		stamped, err := keybus.Stamp(ctx, event, "post")
		if err != nil {
			t.Fatal(err)
		}
		read, err := keybus.Parse[ParcelMoved](stamped)
		if err != nil {
			t.Fatal(err)
		}
		if *read.CausationID != "1" || *read.CorrelationID != each.correlation {
			t.Errorf("%s", stamped)
		}
		if !strings.HasPrefix(*read.Trace, each.span) || len(*read.Trace) != len(trace) || *read.Trace == trace {
			t.Errorf("%s", stamped)
		}
	}
}

func TestWhatTheContractRefusesIsNotCarriedAlong(t *testing.T) {
	ctx := keybus.WithCause(context.Background(), keybus.Cause{EventID: "longer than ten", CorrelationID: "1"})
	event, err := keybus.New(parcel())
	if err != nil {
		t.Fatal(err)
	}
	event.CorrelationID = keybus.Ptr("mine")
	stamped, err := keybus.Stamp(ctx, event, "post")
	if err != nil || strings.Contains(string(stamped), "causation_id") || !strings.Contains(string(stamped), `"mine"`) {
		t.Errorf("%v %s", err, stamped)
	}
}

func TestParseRefusesWhatIsNotTheType(t *testing.T) {
	for members, pointer := range map[string]string{
		`"type": "parcel.lost"`:           "/type",
		`"schema_version": "3.0.0"`:       "/schema_version",
		`"count": 1.0`:                    "/count",
		`"count": 1e2`:                    "/count",
		`"stops": [{"at": "there"}]`:      "/stops/0/at",
		`"note": "\ud800"`:                "",
		`"note": "\udc00\ud800"`:          "",
		`"weight": 1e5000`:                "",
		`"step": 7`:                       "/step",
		`"publisher": {"nom": "post"}`:    "/publisher/name",
		`"publisher": "post"`:             "/publisher",
		`"tags": ["aaaaaaaaaaaaaa", "!"]`: "/tags/1",
	} {
		_, err := keybus.Parse[ParcelMoved](text(t, members))
		if found := pointers(t, err); !slices.Contains(found, pointer) {
			t.Errorf("%s: %q", members, found)
		}
	}
	for _, broken := range []string{"", "[]", "null", "{", "{} {}", "\xff", `{"a": "\uD8"}`} {
		if _, err := keybus.Parse[ParcelMoved]([]byte(broken)); len(pointers(t, err)) == 0 {
			t.Error(err)
		}
	}
}

func TestReadersTakeWhatListsWillHave(t *testing.T) {
	event, err := keybus.Parse[ParcelMoved](text(t, `"step": "ON_ITS_WAY"`))
	if err != nil || event.Step != "ON_ITS_WAY" {
		t.Fatal(err)
	}
	if err := keybus.Validate(event); !slices.Equal(pointers(t, err), []string{"/step"}) {
		t.Error(err)
	}
}

func TestWhatIsReadIsWritten(t *testing.T) {
	for _, members := range []string{
		`"undeclared": {"b": [1.50, -0, 1E400, "\ud83d\ude00", "<&>"], "a": null}`,
		`"Step": "another name"`,
		`"note": null, "rate": null, "weight": 0.1000000000000000055511151231257827`,
		`"note": "", "rate": 1.10`,
		`"count": 123456789012345678901234567890`,
		`"weight": 1e400, "marks": [0.1000000000000000055, 1e-400, 2], "prices": {"EUR": 1e400}`,
		`"marks": [], "prices": {}, "tags": ["a"]`,
		`"anything": {"deep": [0.30]}, "stops": [{"at": 99999999999999999999, "by": 0.30}, {}]`,
		`"nest": [[], [[]], []]`,
		`"a \"b\", c": "x"`,
		`"step": "LEFT", "step": "THERE"`,
	} {
		source := text(t, members)
		event, err := keybus.Parse[ParcelMoved](source)
		if err != nil {
			t.Errorf("%s: %v", members, err)
			continue
		}
		written, err := json.Marshal(*event)
		if err != nil || plain(t, written) != plain(t, source) {
			t.Errorf("%s: %v\n%s", members, err, written)
		}
	}
}

// plain is a JSON text with sorted members, and every number as it was.
func plain(t *testing.T, source []byte) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(source)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}

func TestWhatIsChangedIsWritten(t *testing.T) {
	event, err := keybus.Parse[ParcelMoved](text(t, `"weight": 0.10, "marks": [1e400], "more": 1, "note": null`))
	if err != nil {
		t.Fatal(err)
	}
	changed := *event
	changed.Weight = keybus.Ptr(2.5)
	changed.Marks = nil
	changed.Note = keybus.Value("there")
	changed.Holder = keybus.Ptr("ada")
	if err := changed.Extra.Set("more", 2); err != nil {
		t.Fatal(err)
	}
	written := plain(t, keybus.MustJSON(changed))
	for _, expected := range []string{`"weight":2.5`, `"note":"there"`, `"holder":"ada"`, `"more":2`} {
		if !strings.Contains(written, expected) {
			t.Errorf("%s is not in %s", expected, written)
		}
	}
	if strings.Contains(written, "marks") {
		t.Errorf("marks are in %s", written)
	}
	if original := plain(t, keybus.MustJSON(event)); !strings.Contains(original, `"more":1`) {
		t.Errorf("the copy changed its original: %s", original)
	}
}

func TestEmptyIsNotAbsent(t *testing.T) {
	event := parcel()
	event.Tags, event.Marks = nil, []float64{}
	written := string(keybus.MustJSON(event))
	for _, expected := range []string{`"tags":[]`, `"marks":[]`, `"stops":null`, `"holder":null`} {
		if !strings.Contains(written, expected) {
			t.Errorf("%s is not in %s", expected, written)
		}
	}
	for _, absent := range []string{"prices", "weight", "note", "rate", "anything", "Extra"} {
		if strings.Contains(written, absent) {
			t.Errorf("%s is in %s", absent, written)
		}
	}
}
