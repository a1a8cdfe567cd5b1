package keybus

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// base is where a bundle's files are for the validator, which fetches nothing.
const base = "keybus:///"

// wholeNumber is the name of the format that stands for draft-04's integers.
const wholeNumber = "keybus-whole-number"

var (
	oneSchema    = []string{"not", "items", "additionalItems", "additionalProperties"}
	manySchemas  = []string{"allOf", "anyOf", "oneOf", "items"}
	namedSchemas = []string{"properties", "patternProperties", "definitions", "dependencies"}
)

// compile makes the validator of a file's schema.
func compile(documents map[string]any, file string) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	compiler.UseLoader(nothing{})
	compiler.UseRegexpEngine(compilePattern)
	compiler.AssertFormat()
	for _, format := range formats {
		compiler.RegisterFormat(format)
	}
	for name, document := range documents {
		if err := compiler.AddResource(location(name, ""), prepared(document, name)); err != nil {
			return nil, err
		}
	}
	return compiler.Compile(location(file, ""))
}

// nothing is a loader: whatever a schema refers to is in its bundle.
type nothing struct{}

func (nothing) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not in the bundle", url)
}

// location is the address of a file, and of a place in it, in one spelling.
func location(file, fragment string) string {
	address := url.URL{Path: file}
	text := base + strings.TrimPrefix(address.EscapedPath(), "./")
	if fragment != "" {
		text += "#" + (&url.URL{Fragment: fragment}).EscapedFragment()
	}
	return text
}

// prepared is a copy of a schema in which references are spelt in one way, and draft-04's integers
// are those that are written without a fraction.
func prepared(value any, file string) any {
	return mapped(value, func(schema map[string]any) map[string]any {
		if reference, ok := schema["$ref"].(string); ok {
			return map[string]any{"$ref": resolved(file, reference)}
		}
		if isAnnotation(schema["format"]) {
			delete(schema, "format")
		}
		if wantsInteger(schema["type"]) {
			all, _ := schema["allOf"].([]any)
			whole := map[string]any{"format": wholeNumber}
			schema["allOf"] = append(slices.Clone(all), whole)
		}
		return schema
	})
}

// resolved is what a reference in a file leads to.
func resolved(file, reference string) string {
	target, fragment, _ := strings.Cut(reference, "#")
	if target, err := url.PathUnescape(target); err == nil && target != "" {
		file = path.Join(path.Dir(file), target)
	}
	if unescaped, err := url.PathUnescape(fragment); err == nil {
		fragment = unescaped
	}
	return location(file, fragment)
}

// wantsInteger says whether a type takes integers and no other numbers.
func wantsInteger(declared any) bool {
	if list, ok := declared.([]any); ok {
		return slices.Contains(list, any("integer")) && !slices.Contains(list, any("number"))
	}
	return declared == "integer"
}

// withoutExtensibleLists has the types of lists that are declared to grow in place of the lists,
// and says whether there are any.
func withoutExtensibleLists(documents map[string]any) (map[string]any, bool) {
	changed := false
	opened := map[string]any{}
	for file, document := range documents {
		opened[file] = mapped(document, func(schema map[string]any) map[string]any {
			values, ok := schema["enum"].([]any)
			if !ok || schema["x-extensible"] != any(true) {
				return schema
			}
			changed = true
			delete(schema, "enum")
			if _, ok := schema["type"]; !ok {
				schema["type"] = typesOf(values)
			}
			return schema
		})
	}
	return opened, changed
}

func typesOf(values []any) []any {
	names := map[string]bool{}
	for _, value := range values {
		names[typeOf(value)] = true
	}
	types := []any{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		types = append(types, name)
	}
	return types
}

// mapped is a copy of a schema in which each schema, inner ones first, is what a function makes of
// its copy.
func mapped(value any, change func(map[string]any) map[string]any) any {
	schema, ok := value.(map[string]any)
	if !ok {
		return value
	}
	inner := func(value any) any { return mapped(value, change) }
	schema = maps.Clone(schema)
	for keyword, value := range schema {
		switch value := value.(type) {
		case map[string]any:
			if slices.Contains(oneSchema, keyword) {
				schema[keyword] = inner(value)
			} else if slices.Contains(namedSchemas, keyword) {
				copied := map[string]any{}
				for name, each := range value {
					copied[name] = inner(each)
				}
				schema[keyword] = copied
			}
		case []any:
			if slices.Contains(manySchemas, keyword) {
				copied := make([]any, len(value))
				for index, each := range value {
					copied[index] = inner(each)
				}
				schema[keyword] = copied
			}
		}
	}
	return change(schema)
}
