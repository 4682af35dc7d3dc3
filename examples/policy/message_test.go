package policy

import (
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

// The README shows the message that -broken fails with. You need not copy this file.
func TestMessage(t *testing.T) {
	err := check(t, "pull-request.yaml").Err()
	if err == nil {
		t.Fatal("the pull request breaks no promise")
	}
	golden.Compare(t, "message.txt", err.Error()+"\n")
}
