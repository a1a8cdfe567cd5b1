
package events

// CorePriority is declared in core/Priority.json.
type CorePriority string

// The values of CorePriority.
const (
	CorePriorityHigh CorePriority = "high"
	CorePriorityLow  CorePriority = "low"
)
