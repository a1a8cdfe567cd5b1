// Package keybusaws publishes events of generated types to Amazon EventBridge, and hands events of an
// Amazon SQS queue to typed handlers. Both work in the same way against a Keybus server, whose
// address is then the endpoint of the AWS SDK's clients.
package keybusaws
