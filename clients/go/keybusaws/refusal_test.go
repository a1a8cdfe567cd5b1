package keybusaws_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keybus.dev/client/keybusaws"
)

func TestAQueueThatRefusesIsAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"__type": "AccessDenied", "message": "not yours"}`))
	}))
	defer server.Close()
	client := sqs.New(sqs.Options{
		Region:       "local",
		BaseEndpoint: aws.String(server.URL),
		Credentials:  aws.AnonymousCredentials{},
	})
	if err := keybusaws.NewSubscriber(client, server.URL+"/1/queue").Run(context.Background()); err == nil {
		t.Error("who may not receive is told")
	}
}
