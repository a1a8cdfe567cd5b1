
package events

import "encoding/json"

// CoreJSON is declared in core/Json.json.
//
// Any text, or lists of such.
//
// It is one of: string, []CoreJSON.
type CoreJSON = json.RawMessage
