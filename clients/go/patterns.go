package keybus

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// longestMatch is how long a pattern may take that needs backtracking; text on which it takes
// longer is refused.
const longestMatch = time.Second

// space is ECMA-262's white space, for which RE2 has less.
const space = `\s\v\x{A0}\x{FEFF}\p{Z}`

// compilePattern compiles a pattern of ECMA-262: linear in time where RE2 can do it, and else, for
// look-around and back-references, with a limit on its time.
func compilePattern(pattern string) (jsonschema.Regexp, error) {
	if translated, ok := toRE2(pattern); ok {
		if linear, err := regexp.Compile(translated); err == nil {
			return linear, nil
		}
	}
	backtracking, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil {
		return nil, err
	}
	backtracking.MatchTimeout = longestMatch
	return limited{backtracking}, nil
}

// limited is a pattern that gives up after a while.
type limited struct {
	*regexp2.Regexp
}

// MatchString is whether a text matches for certain.
func (l limited) MatchString(text string) bool {
	matched, err := l.Regexp.MatchString(text)
	return err == nil && matched
}

// toRE2 respells the escapes that mean more in ECMA-262 than in RE2, or are not there.
func toRE2(pattern string) (string, bool) {
	var out strings.Builder
	inClass := false
	for at := 0; at < len(pattern); at++ {
		switch c := pattern[at]; {
		case c == '[' && inClass:
			out.WriteString(`\[`)
		case c == '[':
			inClass = true
			out.WriteByte(c)
		case c == ']':
			inClass = false
			out.WriteByte(c)
		case c == '\\' && at+1 < len(pattern):
			respelt, length, ok := escapeInRE2(pattern[at+1:], inClass)
			if !ok {
				return "", false
			}
			out.WriteString(respelt)
			at += length
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), true
}

// escapeInRE2 respells what follows a backslash, and says how much of it that was.
func escapeInRE2(rest string, inClass bool) (string, int, bool) {
	switch c := rest[0]; {
	case c == 's' && inClass:
		return space, 1, true
	case c == 's':
		return "[" + space + "]", 1, true
	case c == 'S':
		return "[^" + space + "]", 1, !inClass
	case c == 'u' && len(rest) > 4:
		unit, err := strconv.ParseUint(rest[1:5], 16, 16)
		return `\x{` + rest[1:5] + "}", 5, err == nil && (unit < 0xD800 || unit > 0xDFFF)
	case c == 'c' && len(rest) > 1:
		return `\x{` + strconv.FormatInt(int64(rest[1]%32), 16) + "}", 2, true
	case (c == 'p' || c == 'P') && len(rest) > 1 && rest[1] == '{':
		return property(rest)
	case strings.IndexByte("AzQEaC", c) >= 0:
		return "", 0, false // RE2's own
	}
	return `\` + rest[:1], 1, true
}

// property respells \p{Script=Greek} as RE2's \p{Greek}.
func property(rest string) (string, int, bool) {
	name, _, ok := strings.Cut(rest[2:], "}")
	if !ok {
		return "", 0, false
	}
	length := len(`p{`) + len(name) + len(`}`)
	if _, value, named := strings.Cut(name, "="); named {
		name = value
	}
	return `\` + rest[:1] + "{" + name + "}", length, true
}
