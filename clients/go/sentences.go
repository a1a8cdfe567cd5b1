package keybus

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// faultsIn are the faults that a validator's error means. Of alternatives none of which fits, the
// value itself is at fault.
func faultsIn(err *jsonschema.ValidationError, document any) []Fault {
	place := pointerOf(err.InstanceLocation)
	found := at(document, err.InstanceLocation)
	switch is := err.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
		var faults []Fault
		for _, cause := range err.Causes {
			faults = append(faults, faultsIn(cause, document)...)
		}
		return faults
	case *kind.Required:
		return missing(place, "required", is.Missing)
	case *kind.Dependency:
		return missing(place, "dependencies", is.Missing)
	case *kind.AdditionalProperties:
		return unexpected(place, is.Properties)
	case *kind.AnyOf:
		return []Fault{{place, "anyOf", alternatives(len(err.Causes), found)}}
	case *kind.OneOf:
		message := alternatives(len(err.Causes), found)
		if len(is.Subschemas) > 0 {
			message = "fits more than one of its alternatives; exactly one must fit"
		}
		return []Fault{{place, "oneOf", message}}
	}
	keyword, message := sentence(err.ErrorKind, found)
	return []Fault{{place, keyword, message}}
}

func missing(place, keyword string, names []string) []Fault {
	var faults []Fault
	for _, name := range names {
		message := fmt.Sprintf("the property %q is required and is missing", name)
		faults = append(faults, Fault{place + pointerOf([]string{name}), keyword, message})
	}
	return faults
}

func unexpected(place string, names []string) []Fault {
	var faults []Fault
	for _, name := range names {
		message := fmt.Sprintf("the contract declares no property %q here, and no other may be", name)
		faults = append(faults, Fault{place + pointerOf([]string{name}), "additionalProperties", message})
	}
	return faults
}

func alternatives(count int, found any) string {
	return fmt.Sprintf("expected one of %d alternatives and found %s, which fits none", count, show(found))
}

// sentence is the keyword that an error is of, and what it says.
func sentence(of jsonschema.ErrorKind, found any) (string, string) {
	switch is := of.(type) {
	case *kind.Type:
		return "type", fmt.Sprintf("expected %s and found %s", strings.Join(is.Want, " or "), show(found))
	case *kind.Enum:
		return "enum", fmt.Sprintf("expected one of %s and found %s", listed(is.Want), show(found))
	case *kind.Format:
		if is.Want == wholeNumber {
			return "type", fmt.Sprintf("expected integer and found %s: %v", show(found), is.Err)
		}
		return "format", fmt.Sprintf("expected the format %s and found %s", is.Want, show(found))
	case *kind.Pattern:
		return "pattern", fmt.Sprintf("expected a string that matches /%s/ and found %s", is.Want, show(found))
	case *kind.MinLength:
		return "minLength", fmt.Sprintf("expected at least %d characters and found %d", is.Want, is.Got)
	case *kind.MaxLength:
		return "maxLength", fmt.Sprintf("expected at most %d characters and found %d", is.Want, is.Got)
	case *kind.Minimum:
		return "minimum", fmt.Sprintf("expected at least %s and found %s", is.Want.RatString(), show(found))
	case *kind.Maximum:
		return "maximum", fmt.Sprintf("expected at most %s and found %s", is.Want.RatString(), show(found))
	case *kind.Not:
		return "not", fmt.Sprintf("found %s, which the contract excludes", show(found))
	}
	keyword := "schema"
	if path := of.KeywordPath(); len(path) > 0 {
		keyword = path[0]
	}
	return keyword, fmt.Sprintf("%s breaks the rule %q", show(found), keyword)
}

// listed is the beginning of an enum.
func listed(values []any) string {
	const most = 8
	var shown []string
	for _, value := range values[:min(most, len(values))] {
		text, _ := json.Marshal(value) // it was parsed from JSON
		shown = append(shown, string(text))
	}
	if more := len(values) - most; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return strings.Join(shown, ", ")
}

// pointerOf is the JSON pointer (RFC 6901) of these tokens.
func pointerOf(tokens []string) string {
	var out strings.Builder
	for _, token := range tokens {
		out.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
	}
	return out.String()
}

// at is the value to which these tokens lead.
func at(value any, tokens []string) any {
	for _, token := range tokens {
		switch container := value.(type) {
		case map[string]any:
			value = container[token]
		case []any:
			index, err := strconv.Atoi(token)
			if err != nil || index >= len(container) {
				return nil
			}
			value = container[index]
		}
	}
	return value
}

// typeOf is the type that draft-04 has for a value.
func typeOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case json.Number:
		if !slices.ContainsFunc([]byte(value), func(c byte) bool { return strings.IndexByte(".eE", c) >= 0 }) {
			return "integer"
		}
	}
	return "number"
}
