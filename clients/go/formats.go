package keybus

import (
	"encoding/json"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The texts of some formats. Those of RFC 3986 are its appendix A in short.
var (
	datePattern     = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	dateTimePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	durationPattern = regexp.MustCompile(`^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?` +
		`(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$`)
	hostnamePattern = regexp.MustCompile(`^` + label + `(?:\.` + label + `)*$`)
	mailboxPattern  = regexp.MustCompile(`^(?:` + atom + `(?:\.` + atom + `)*|` +
		`"(?:[ !#-\[\]-~]|\\[ -~])*")$`)
	uriPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:` +
		`(?://(?:(?:[:` + part + `]|` + escaped + `)*@)?` +
		`(?:\[([0-9A-Fa-f:.]+)\]|\[[vV][0-9A-Fa-f]+\.[:` + part + `]+\]|(?:[` + part + `]|` + escaped + `)*)` +
		`(?::\d*)?(?:/(?:[:@/` + part + `]|` + escaped + `)*)?` +
		`|(?:/|/?(?:[:@` + part + `]|` + escaped + `)(?:[:@/` + part + `]|` + escaped + `)*)?)` +
		`(?:\?(?:[:@/?` + part + `]|` + escaped + `)*)?(?:#(?:[:@/?` + part + `]|` + escaped + `)*)?$`)
)

const (
	label   = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	atom    = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
	part    = `A-Za-z0-9\-._~!$&'()*+,;=`
	escaped = `%[0-9A-Fa-f]{2}`
)

// formats are those that a Keybus server asserts, as it does; all other names are annotations.
var formats = []*jsonschema.Format{
	{Name: "date", Validate: ofText(isDate)},
	{Name: "date-time", Validate: ofText(isDateTime)},
	{Name: "duration", Validate: ofText(isDuration)},
	{Name: "email", Validate: ofText(isEmail)},
	{Name: "hostname", Validate: ofText(isHostname)},
	{Name: "ipv4", Validate: ofText(isIPv4)},
	{Name: "ipv6", Validate: ofText(isIPv6)},
	{Name: "time", Validate: ofText(func(text string) bool { return isDateTime("1972-01-01T" + text) })},
	{Name: "uri", Validate: ofText(isURI)},
	{Name: wholeNumber, Validate: checkWhole},
}

// isAnnotation says whether a format asserts nothing; uuid and regex are the validator's own.
func isAnnotation(format any) bool {
	name, ok := format.(string)
	return ok && name != "uuid" && name != "regex" && !slices.ContainsFunc(formats,
		func(known *jsonschema.Format) bool { return known.Name == name })
}

func ofText(fits func(string) bool) func(any) error {
	return func(value any) error {
		if text, ok := value.(string); ok && !fits(text) {
			return errors.New("it is spelt otherwise")
		}
		return nil
	}
}

// isDate is RFC 3339's full-date.
func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil && datePattern.MatchString(text)
}

// isDateTime is RFC 3339's date-time; a leap second is the last of a day in UTC.
func isDateTime(text string) bool {
	text = strings.ToUpper(text)
	if !dateTimePattern.MatchString(text) {
		return false
	}
	leap := text[17:19] == "60"
	if leap {
		text = text[:17] + "59" + text[19:]
	}
	found, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return false
	}
	found = found.UTC()
	return !leap || found.Hour() == 23 && found.Minute() == 59
}

// isDuration is an ISO 8601 duration such as P3DT4H.
func isDuration(text string) bool {
	last := text[max(0, len(text)-1):]
	return durationPattern.MatchString(text) && last != "P" && last != "T"
}

// isEmail is RFC 5321's Mailbox.
func isEmail(text string) bool {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > 64 || !mailboxPattern.MatchString(text[:at]) {
		return false
	}
	domain := text[at+1:]
	if literal, ok := strings.CutPrefix(domain, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		sixth, isSixth := strings.CutPrefix(literal, "IPv6:")
		return ok && (isIPv4(literal) || isSixth && isIPv6(sixth))
	}
	return isHostname(domain)
}

// isHostname is RFC 1123's, without a dot at its end.
func isHostname(text string) bool {
	return len(text) <= 253 && hostnamePattern.MatchString(text)
}

func isIPv4(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Is4()
}

func isIPv6(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Is6() && address.Zone() == ""
}

// isURI is RFC 3986's URI.
func isURI(text string) bool {
	found := uriPattern.FindStringSubmatch(text)
	return found != nil && (found[1] == "" || isIPv6(found[1]))
}

// checkWhole refuses 1.0 and 1e2: by draft-04 they are no integers.
func checkWhole(value any) error {
	if number, ok := value.(json.Number); ok && strings.ContainsAny(number.String(), ".eE") {
		return errors.New("it is written with a fraction or an exponent")
	}
	return nil
}
