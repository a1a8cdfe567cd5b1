// Package keybus is what Go types that Keybus generates from event contracts are made of.
//
// A generated package has a struct for each event. New fills in what every event carries and checks
// it against its whole contract, which travels inside the package:
//
//	event, err := keybus.New(events.DeliveryStatusUpdated{
//		DeliveryID: "DEL-123",
//		Status:     events.CoreDeliveryStatusInGarage,
//		Timestamp:  keybus.Now(),
//	})
//
// Parse reads what another service has written. What is wrong is one *InvalidEventError that lists
// every fault. Package keybusaws publishes events to Amazon EventBridge and receives them from
// Amazon SQS, or from a Keybus server, which answers both APIs.
package keybus
