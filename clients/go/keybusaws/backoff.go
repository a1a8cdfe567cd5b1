package keybusaws

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
)

// backoff is how long to wait after so many failures in a row: up to a bound that doubles with each,
// with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog).
func backoff(failures int) time.Duration {
	bound := min(longestPause, firstPause<<min(failures-1, 10))
	return rand.N(bound)
}

// pause waits for the backoff, or until the context is done.
func pause(ctx context.Context, failures int) error {
	timer := time.NewTimer(backoff(failures))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
