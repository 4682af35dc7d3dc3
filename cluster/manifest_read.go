package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/decode"
	"github.com/berthsim/berth/internal/apiserver/kinds"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
)

// ReadOption changes how manifests are read.
type ReadOption struct {
	set func(*readOptions)
}

type readOptions struct {
	decode.Options
	skipInvalid bool
}

// Strict makes unknown and repeated fields mistakes, as kubectl does by default
// (--validate=strict). Without it they are Warnings, as for the API server.
func Strict() ReadOption { return ReadOption{func(o *readOptions) { o.Strict = true }} }

// SkipInvalid omits objects with mistakes and continues reading. Each such object is
// listed in Skipped, and each of its mistakes as a Warning. That includes objects
// that the API server would refuse, so [Manifest.Cluster] does not fail on them. A
// document that cannot be parsed is still an error, because its objects are not
// known.
func SkipInvalid() ReadOption { return ReadOption{func(o *readOptions) { o.skipInvalid = true }} }

// KeepAll keeps the fields that berth never uses: managedFields. They are often most of
// a dump.
func KeepAll() ReadOption { return ReadOption{func(o *readOptions) { o.KeepAll = true }} }

func newReadOptions(opts []ReadOption) readOptions {
	o := readOptions{Options: decode.Options{Valid: isValid}}
	for _, opt := range opts {
		if opt.set != nil {
			opt.set(&o)
		}
	}
	return o
}

// isValid reports whether the object is valid without its defaults. An object that
// only its defaults would make valid counts as invalid; the one cost is that its
// text is kept longer.
func isValid(object runtime.Object) bool { return len(validation.ValidateDefaulted(object)) == 0 }

// ReadManifest reads a stream of YAML or JSON documents: manifests, kind: List and
// typed lists, and the output of kubectl get -o yaml or -o json, kubectl get -w and
// kubectl cluster-info dump.
//
// Documents are found and read as kubectl and the API server do: separators as in
// streams (k8s.io/apimachinery/pkg/util/yaml/decoder.go: YAMLReader,
// YAMLOrJSONDecoder), fields by their exact names as in strict decoding
// (k8s.io/apimachinery/pkg/runtime/serializer/json/json.go: Serializer.unmarshal).
// Unknown fields and repeated keys are Warnings; the last of repeated keys counts.
// Kinds outside the model are Skipped.
//
// If an object occurs twice, identical copies count as one object, with a Warning.
// Two states of one object, with the same uid and different resourceVersions as
// kubectl get -w prints them, read as the later state. Any other difference is a
// mistake.
//
// The error joins a [*ManifestError] for every mistake in the stream, as errors.Join
// does, each with document, line, object and field path as far as they are known. It
// is another error only if r fails. The Manifest is never nil and holds everything that could be
// read.
//
// Time is linear in the size of the stream, and memory in the size of the objects. A
// list is read item by item on all cores, so it may have any size. An object of more
// than 64 MiB, or nested more than 1,000 levels deep, is a mistake. The text of
// small inputs is kept so that later errors can name lines; in large inputs, only
// the text of objects that the API server would refuse.
func ReadManifest(r io.Reader, opts ...ReadOption) (*Manifest, error) {
	if r == nil {
		return &Manifest{}, errors.New("reading manifest: no reader")
	}
	o := newReadOptions(opts)
	reader := decode.NewReader(o.Options)
	if err := reader.Read("", r); err != nil {
		return &Manifest{}, fmt.Errorf("reading manifest: %w", err)
	}
	return newManifest(reader.Result(), o)
}

// ReadFiles reads files as [ReadManifest] does, into one Manifest whose places name
// the files. A path may be a directory, such as the output of kubectl cluster-info
// dump --output-directory. ReadFiles then reads all files below it that end in
// .yaml, .yml or .json, in the order of their names, and a Warning counts the other
// files. "-" is the standard input.
//
// The error is that of ReadManifest, or that of the first file that cannot be read.
func ReadFiles(paths []string, opts ...ReadOption) (*Manifest, error) {
	o := newReadOptions(opts)
	reader := decode.NewReader(o.Options)
	for _, path := range paths {
		if err := readPath(reader, path); err != nil {
			return &Manifest{}, fmt.Errorf("reading manifest: %w", err)
		}
	}
	return newManifest(reader.Result(), o)
}

func readPath(reader *decode.Reader, path string) error {
	if path == "-" {
		return reader.Read("-", os.Stdin)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err // it names the file
	}
	if !info.IsDir() {
		return readFile(reader, path)
	}
	others := 0
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir():
			return err
		case slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)):
			return readFile(reader, name)
		}
		others++
		return nil
	})
	if others > 0 {
		reader.Warn(path, "files passed over because they do not end in .yaml, .yml or .json: "+strconv.Itoa(others))
	}
	return err
}

func readFile(reader *decode.Reader, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return reader.Read(name, f)
}

// newManifest converts the decoder's result to the public types.
func newManifest(read decode.Result, o readOptions) (*Manifest, error) {
	m := &Manifest{places: make(map[runtime.Object]decode.Place, len(read.Objects))}
	if r, ok := kube.ParseRelease(read.Server); ok {
		m.Version = Version(r.String())
	}
	for _, s := range read.Skipped {
		m.Skipped = append(m.Skipped, skipped(s))
	}
	for _, w := range read.Warnings {
		m.Warnings = append(m.Warnings, newManifestError(w))
	}
	mistakes := newManifestErrors(read.Mistakes)
	if o.skipInvalid {
		mistakes = m.leaveOut(mistakes)
	}
	lines := decode.NewLineFinder()
	for _, r := range read.Objects {
		if o.skipInvalid && m.skipRefused(r, lines) {
			continue
		}
		m.add(r.Object)
		m.places[r.Object] = r.Place
	}
	if len(mistakes) == 0 {
		return m, nil
	}
	return m, mistakes
}

// leaveOut turns mistakes in objects into warnings and returns the others. The
// mistakes of one object are consecutive.
func (m *Manifest) leaveOut(mistakes manifestErrors) (others manifestErrors) {
	var last ManifestError
	for _, e := range mistakes {
		if e.Object == "" {
			others = append(others, e)
			continue
		}
		kind, _, _ := strings.Cut(e.Object, " ")
		of, _ := kinds.Named(kind)
		s := ManifestError{File: e.File, Document: e.Document, Line: e.Line, Object: of.APIVersion + " " + e.Object, Message: isInvalid}
		if s.Object != last.Object || s.File != last.File {
			m.Skipped = append(m.Skipped, s)
			last = s
		}
		m.Warnings = append(m.Warnings, e.leftOut())
	}
	return others
}

// skipRefused reports whether the API server would refuse the object. If so, it
// records that.
func (m *Manifest) skipRefused(r decode.Object, lines decode.LineFinder) bool {
	object := r.Object // it has a namespace
	errs := validation.ValidateAt(m.release(), object)
	for _, err := range errs {
		m.Warnings = append(m.Warnings, refused(object, err, r.Place, lines).leftOut())
	}
	if len(errs) == 0 {
		return false
	}
	m.Skipped = append(m.Skipped, skippedObject(object, r.Place))
	return true
}

func (e ManifestError) leftOut() ManifestError {
	return ManifestError{File: e.File, Document: e.Document, Line: e.Line, Object: e.Object, Field: e.Field, Message: cmp.Or(e.Message, "is invalid") + " (the object is left out)"}
}
