// Package decode reads streams of YAML or JSON documents into the objects of package
// kinds, as kubectl and the API server do: separators as in streams
// (k8s.io/apimachinery/pkg/util/yaml/decoder.go: YAMLReader, YAMLOrJSONDecoder),
// fields by their exact names as in strict decoding
// (k8s.io/apimachinery/pkg/runtime/serializer/json/json.go: Serializer.unmarshal).
//
// A stream is processed in this order: stream cuts it into chunks at separator
// lines, cut cuts a list into its items, workers decode documents and items on all
// cores (object, fast), and Reader combines their results.
package decode

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Options controls how streams are read.
type Options struct {
	Strict bool // unknown and repeated fields are mistakes
	// KeepAll keeps managedFields.
	KeepAll bool
	// Valid reports whether the lines of an object's fields are no longer needed once it
	// is read. The text of large inputs is then dropped. It must be safe for concurrent
	// use. If it is nil, all text is kept.
	Valid func(runtime.Object) bool

	uncut bool // for tests: lists are read as a whole
	slow  bool // for tests: all objects are decoded with sigs.k8s.io/json
}

// Result holds everything that was read, each list in the order of the input.
type Result struct {
	Objects  []Object
	Skipped  []Skipped // objects of kinds that are not modelled
	Warnings []Remark  // what the API server would accept and drop
	Mistakes []Remark
	Server   string // the API server's version, "v1.36.2", as in the output of kubectl version
}

// Object is an object as written, except that an absent namespace is "default" and
// an absent kind and apiVersion are set.
type Object struct {
	Object runtime.Object
	Place  Place
}

// Skipped is an object of a kind that is not modelled, and the reason.
type Skipped struct {
	Kind, APIVersion, Namespace, Name string

	File     string
	Document int // counted from 1
	Line     int // in the stream, counted from 1
	Reason   string
}

// Read reads one stream and keeps all its text.
func Read(stream []byte) Result {
	r := NewReader(Options{KeepAll: true})
	_ = r.Read("", bytes.NewReader(stream)) // it cannot fail
	return r.Result()
}

// Reader reads one stream after another into one Result. Each object in the result
// has a name, and no two of a kind have the same name and namespace.
type Reader struct {
	opts   Options
	file   *file // the file being read
	result Result
	seen   map[string]met // every object so far, by its own name
	held   int            // bytes of text that the places of objects may hold so far
}

// met is an object read earlier, and its place.
type met struct {
	place  Place
	object int // its index in Objects, -1 if it is not of the model
}

// file counts what is reported once per file.
type file struct {
	name      string
	documents int

	absent      int // objects without a namespace
	firstAbsent Remark
	older       int // states of objects with a later state
	firstOlder  Remark
}

// NewReader returns an empty Reader.
func NewReader(opts Options) *Reader {
	return &Reader{opts: opts, seen: map[string]met{}}
}

// Read reads a stream. Name is the file name in places, which may be "". It returns
// the error of in; what was read before is kept.
func (r *Reader) Read(name string, in io.Reader) error {
	r.file = &file{name: name}
	warnings, mistakes := len(r.result.Warnings), len(r.result.Mistakes)
	s := newStream(in)
	for c := range s.chunks {
		r.chunk(c)
	}
	r.closeFile(s)
	sortRemarks(r.result.Warnings[warnings:])
	sortRemarks(r.result.Mistakes[mistakes:])
	return s.err
}

// Warn adds a warning that does not concern a document.
func (r *Reader) Warn(file, message string) {
	r.result.Warnings = append(r.result.Warnings, Remark{File: file, Message: message})
}

// Result returns everything that was read so far.
func (r *Reader) Result() Result {
	result := r.result
	result.Objects = slices.DeleteFunc(slices.Clone(result.Objects), func(o Object) bool { return o.Object == nil })
	return result
}

// chunk reads the documents between two separators.
//
// The text before the first separator is a document only if it has content. After
// that empty documents count, as a human reader would count them.
func (r *Reader) chunk(c *chunk) {
	if c.first && c.isBlank() {
		return
	}
	switch first := c.firstByte(); {
	case c.tail != "":
		r.refuse(r.nextDocument(), c.above, "only a comment may follow --- on its line, found "+quote(c.tail))
	case first == '%':
		r.refuse(r.nextDocument(), c.line, "YAML directives are not read by kubectl either: remove the lines that begin with %")
	case first == '{':
		r.json(c)
	default:
		r.yaml(c)
	}
}

func (r *Reader) nextDocument() int {
	r.file.documents++
	return r.file.documents
}

// refuse adds a mistake about a document without a recognisable object.
func (r *Reader) refuse(document, line int, message string) {
	r.result.Mistakes = append(r.result.Mistakes, Remark{File: r.file.name, Document: document, Line: line, Message: message})
}

// take adds the outcomes of a document.
func (r *Reader) take(all []outcome) {
	for _, o := range all {
		switch {
		case o.failed:
			r.result.Mistakes = append(r.result.Mistakes, o.remarks...)
			continue
		case o.server != "":
			r.result.Server = o.server
		case o.skipped != "":
			r.skip(o)
		case o.object != nil:
			r.keep(o)
		}
		r.result.Warnings = append(r.result.Warnings, o.remarks...)
	}
}

// skip lists an object that is not modelled.
func (r *Reader) skip(o outcome) {
	h := o.header
	if h.name != "" {
		if earlier, again := r.seen[h.ownName()]; again {
			r.warn(o, "", "is also in "+earlier.place.seenFrom(o.place))
		} else {
			r.seen[h.ownName()] = met{o.place, -1}
		}
	}
	r.result.Skipped = append(r.result.Skipped, Skipped{
		Kind: h.kind, APIVersion: h.apiVersion, Namespace: h.namespace, Name: h.nameOrPattern(),
		File: o.place.file, Document: o.place.document, Line: o.place.line, Reason: o.skipped,
	})
}

// keep adds an object of the model, or reports that it exists already.
func (r *Reader) keep(o outcome) {
	if o.absent {
		if r.file.absent++; r.file.absent == 1 {
			line := NewLineFinder().Line(o.place, "metadata.namespace")
			r.file.firstAbsent = Remark{o.place.file, o.place.document, line, o.name, "metadata.namespace", "absent: read as " + metav1.NamespaceDefault}
		}
	}
	earlier, again := r.seen[o.header.ownName()]
	if !again || earlier.object < 0 || r.result.Objects[earlier.object].Object == nil {
		r.add(o)
		return
	}
	old := r.result.Objects[earlier.object]
	switch {
	case isLaterState(old.Object, o.object) || o.deleted:
		if r.file.older++; r.file.older == 1 {
			r.file.firstOlder = Remark{o.place.file, o.place.document, o.place.line, o.name, "", "is a later state of the object in " + old.Place.seenFrom(o.place) + ", which is dropped"}
		}
		r.result.Objects[earlier.object].Object = nil
		r.add(o)
	case reflect.DeepEqual(old.Object, o.object):
		r.warn(o, "", "is already in "+old.Place.seenFrom(o.place)+", and is the same")
	default:
		r.result.Mistakes = append(r.result.Mistakes, Remark{o.place.file, o.place.document, o.place.line, o.name, "", "is already in " + old.Place.seenFrom(o.place) + ", and differs"})
	}
}

func (r *Reader) add(o outcome) {
	r.seen[o.header.ownName()] = met{o.place, len(r.result.Objects)}
	if o.deleted {
		o.object = nil
	}
	r.result.Objects = append(r.result.Objects, Object{o.object, o.place})
}

// isLaterState reports whether both objects are states of one object, as kubectl get
// -w prints them.
func isLaterState(a, b runtime.Object) bool {
	x, y := a.(metav1.Object), b.(metav1.Object)
	return x.GetUID() != "" && x.GetUID() == y.GetUID() && x.GetResourceVersion() != y.GetResourceVersion()
}

func (r *Reader) warn(o outcome, field, message string) {
	r.result.Warnings = append(r.result.Warnings, Remark{o.place.file, o.place.document, o.place.line, o.name, field, message})
}

// closeFile adds the warnings that occur once per file.
func (r *Reader) closeFile(s *stream) {
	f := r.file
	if f.absent > 0 {
		if f.absent > 1 {
			f.firstAbsent.Message += "; so are " + strconv.Itoa(f.absent-1) + " more"
		}
		r.result.Warnings = append(r.result.Warnings, f.firstAbsent)
	}
	if f.older > 0 {
		if f.older > 1 {
			f.firstOlder.Message += "; so are " + strconv.Itoa(f.older-1) + " more"
		}
		r.result.Warnings = append(r.result.Warnings, f.firstOlder)
	}
	if s.logs > 0 {
		logs := "the log of a container is"
		if s.logs > 1 {
			logs = "the logs of " + strconv.Itoa(s.logs) + " containers are"
		}
		r.result.Warnings = append(r.result.Warnings, Remark{File: f.name, Document: max(1, f.documents), Line: s.logLine, Message: logs + " passed over"})
	}
}
