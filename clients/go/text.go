package keybus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// mostDigits is how many digits a number may have when it is written out; the Keybus server has
// the same limit.
const mostDigits = 4300

// parseText parses the JSON text of an object, with every number exact.
func parseText(eventType string, text []byte) (map[string]any, error) {
	value, err := parseValue(text)
	if err != nil {
		fault := Fault{Keyword: "bad-json", Message: "this is no JSON that can be used: " + err.Error()}
		return nil, invalid(eventType, []Fault{fault})
	}
	document, ok := value.(map[string]any)
	if !ok {
		fault := Fault{Keyword: "type", Message: "expected an object and found " + show(value)}
		return nil, invalid(eventType, []Fault{fault})
	}
	return document, nil
}

// parseValue refuses what encoding/json would silently replace: broken UTF-8 and lone surrogates.
func parseValue(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	if hasLoneSurrogate(text) {
		return nil, errors.New("it has an unpaired surrogate")
	}
	return value, checkNumbers(value)
}

// hasLoneSurrogate looks for \uD800 to \uDFFF that make no pair, in a text that is valid JSON.
func hasLoneSurrogate(text []byte) bool {
	for at := 0; at < len(text); at++ {
		if text[at] != '\\' {
			continue
		}
		at++ // a backslash is never the last byte
		if text[at] != 'u' {
			continue
		}
		unit := hexUnit(text[at+1:])
		at += 4
		if !utf16.IsSurrogate(unit) {
			continue
		}
		rest := text[at+1:]
		if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
			return true
		}
		if utf16.DecodeRune(unit, hexUnit(rest[2:])) == utf8.RuneError {
			return true
		}
		at += 6
	}
	return false
}

func hexUnit(text []byte) rune {
	unit, _ := strconv.ParseUint(string(text[:4]), 16, 32) // valid JSON has four digits there
	return rune(unit)
}

// checkNumbers refuses numbers that would fill the memory when written out.
func checkNumbers(value any) error {
	switch value := value.(type) {
	case json.Number:
		if tooLong(value.String()) {
			return fmt.Errorf("written out, the number has more than %d digits", mostDigits)
		}
	case []any:
		for _, item := range value {
			if err := checkNumbers(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, member := range value {
			if err := checkNumbers(member); err != nil {
				return err
			}
		}
	}
	return nil
}

func tooLong(number string) bool {
	digits, exponent := number, ""
	if at := strings.IndexAny(number, "eE"); at >= 0 {
		digits, exponent = number[:at], number[at+1:]
	}
	if exponent == "" {
		return len(digits) > mostDigits
	}
	size, err := strconv.Atoi(exponent)
	return err != nil || max(size, -size)+len(digits) > mostDigits
}
