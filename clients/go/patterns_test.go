package keybus

import "testing"

func TestPatternsAreThoseOfECMA262(t *testing.T) {
	for _, each := range []struct {
		pattern, text string
		matches       bool
	}{
		{`^\d+$`, "1", true},
		{`^\d+$`, "١", false},
		{`^\s$`, "\u00a0", true},
		{`^[\sx]$`, "\v", true},
		{`^[^\s]$`, "\u2003", false},
		{`^\S$`, "\u00a0", false},
		{`^[\S]$`, "\u00a0", false},
		{`^\u0041\x42\cA$`, "AB\x01", true},
		{`^[[a]$`, "[", true},
		{`^\/\-$`, "/-", true},
		{`^a{1,2000}$`, "aa", true},
		{`^(?=a)\w$`, "a", true},
		{`^(a|b)\1$`, "aa", true},
		{`^(a|b)\1$`, "ab", false},
		{`^\p{L}$`, "é", true},
		{`^\p{Script=Greek}\P{Lu}$`, "αb", true},
		{`^.$`, "😀", true},
		{`^.$`, "\n", false},
		{`^(?=(a+)+$)x`, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
	} {
		compiled, err := compilePattern(each.pattern)
		if err != nil {
			t.Errorf("%s: %v", each.pattern, err)
		} else if compiled.MatchString(each.text) != each.matches {
			t.Errorf("%s on %q: %v", each.pattern, each.text, !each.matches)
		}
	}
}
