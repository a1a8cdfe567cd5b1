package keybus

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Bundle is the contracts that travel inside a generated package. It is safe for concurrent use.
type Bundle struct {
	documents func() (map[string]any, error)

	mu      sync.Mutex
	schemas map[string]*Schema
}

// NewBundle takes the text of a package's contracts.json, which is first looked at when the first
// event is checked.
func NewBundle(text []byte) *Bundle {
	return &Bundle{
		documents: sync.OnceValues(func() (map[string]any, error) { return documentsIn(text) }),
		schemas:   map[string]*Schema{},
	}
}

// Schema is the schema of a file of the bundle, compiled when it is first needed.
func (b *Bundle) Schema(file string) *Schema {
	b.mu.Lock()
	defer b.mu.Unlock()
	schema, ok := b.schemas[file]
	if !ok {
		schema = &Schema{compile: sync.OnceValues(func() (compiled, error) { return b.compile(file) })}
		b.schemas[file] = schema
	}
	return schema
}

func (b *Bundle) compile(file string) (compiled, error) {
	documents, err := b.documents()
	if err != nil {
		return compiled{}, err
	}
	strict, err := compile(documents, file)
	if err != nil {
		return compiled{}, err
	}
	opened, changed := withoutExtensibleLists(documents)
	if !changed {
		return compiled{strict, strict}, nil
	}
	grown, err := compile(opened, file)
	return compiled{strict, grown}, err
}

func documentsIn(text []byte) (map[string]any, error) {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return nil, fmt.Errorf("contracts.json is damaged: %w", err)
	}
	object, _ := value.(map[string]any)
	documents, ok := object["documents"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("contracts.json is damaged: it has no documents")
	}
	return documents, nil
}

// Schema is a compiled schema of a bundle. It is safe for concurrent use.
type Schema struct {
	compile func() (compiled, error)
}

// compiled is a schema as it is, and without its lists that are declared to grow.
type compiled struct {
	strict, grown *jsonschema.Schema
}

// faults are all that the schema finds wrong with a document.
func (s *Schema) faults(document any) []Fault {
	schemas, err := s.compile()
	if err != nil {
		return []Fault{notCompiled(err)}
	}
	return faultsOf(schemas.strict, document)
}

// readingFaults are what a reader finds wrong with a document. What fits the schema as it stands
// is good, and so is what would fit if its lists had grown.
func (s *Schema) readingFaults(document any) []Fault {
	schemas, err := s.compile()
	if err != nil {
		return []Fault{notCompiled(err)}
	}
	faults := faultsOf(schemas.strict, document)
	if len(faults) == 0 || schemas.grown == schemas.strict {
		return faults
	}
	return faultsOf(schemas.grown, document)
}

func notCompiled(err error) Fault {
	return Fault{Keyword: "not-compiled", Message: "the contract cannot be used: " + err.Error()}
}

// faultsOf runs a validator, and has what it says in our own words, ordered by pointer.
func faultsOf(schema *jsonschema.Schema, document any) []Fault {
	err := schema.Validate(document)
	if err == nil {
		return nil
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return []Fault{{Keyword: "undecided", Message: err.Error()}}
	}
	faults := faultsIn(invalid, document)
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return strings.Compare(a.Pointer+"\x00"+a.Keyword, b.Pointer+"\x00"+b.Keyword)
	})
	return faults
}
