// Package driver asks the real code of one Kubernetes release. Each release has its
// own program next to it, a module that requires that release and passes what
// differs between releases. The driver builds with every release.
package driver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/klog/v2"

	"github.com/berthsim/berth/internal/conformance/oracles/driver/wire"
)

// Main answers the questions on standard input on standard output. It exits with 1
// if it cannot start or a line is not a question.
func Main(r Release) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	if err := serve(r, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(r Release, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := newScheduler(ctx, r)
	if err != nil {
		return err
	}
	questions, answers := json.NewDecoder(bufio.NewReader(in)), bufio.NewWriter(out)
	for {
		var q wire.Question
		switch err := questions.Decode(&q); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		if err := json.NewEncoder(answers).Encode(answer(ctx, r, s, q)); err != nil {
			return err
		}
		if err := answers.Flush(); err != nil {
			return err
		}
	}
}

func answer(ctx context.Context, r Release, s *scheduler, q wire.Question) (a wire.Answer) {
	var err error
	switch {
	case q.Schedule != nil:
		a, err = s.schedule(ctx, q.Schedule)
	case q.Eligible != nil:
		a, err = eligible(r, q.Eligible)
	default:
		a, err = create(ctx, q.Create)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func decode[T any](texts []json.RawMessage) ([]*T, error) {
	objects := make([]*T, len(texts))
	for i, text := range texts {
		objects[i] = new(T)
		if err := json.Unmarshal(text, objects[i]); err != nil {
			return nil, err
		}
	}
	return objects, nil
}
