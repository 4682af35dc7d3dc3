package rollout

import (
	"slices"
	"strings"
)

// A generated name is the DaemonSet's name and five characters of the API
// server's alphabet (k8s.io/apimachinery/pkg/util/rand/rand.go: alphanums). Here
// the characters count up: later pods have later names, and no name repeats.
const (
	letters = "2456789bcdfghjklmnpqrstvwxz"
	digits  = 5
	serials = 27 * 27 * 27 * 27 * 27
)

// maxPrefix is the length to which the API server cuts a generateName
// (k8s.io/apiserver/pkg/storage/names/generate.go: MaxGeneratedNameLength).
const maxPrefix = 58

func namePrefix(daemonSet string) string {
	return daemonSet[:min(len(daemonSet), maxPrefix-1)] + "-"
}

func appendSerial(b []byte, serial int32) []byte {
	var last [digits + 2]byte // 27^7 is more than there are numbers
	at := len(last)
	for rest := uint32(serial); rest > 0 || at > len(last)-digits; rest /= 27 {
		at--
		last[at] = letters[rest%27]
	}
	return append(b, last[at:]...)
}

// parseSerial returns the number that the last part of a generated name encodes,
// if it does.
func parseSerial(suffix string) (int32, bool) {
	if len(suffix) != digits {
		return 0, false
	}
	serial := int32(0)
	for _, c := range []byte(suffix) {
		d := strings.IndexByte(letters, c)
		if d < 0 {
			return 0, false
		}
		serial = serial*27 + int32(d)
	}
	return serial, true
}

// nextSerial returns a controller's next number that no adopted pod's name has.
func nextSerial(serial *int32, taken *[]int32) int32 {
	for {
		*serial++
		i, found := slices.BinarySearch(*taken, *serial)
		if !found {
			return *serial
		}
		*taken = (*taken)[i+1:]
	}
}

// nameCache spells names, many to an allocation. Pods in a row mostly have numbers
// in a row: where two names of a class that were asked for differ in the last
// letter only, all 27 of them are spelled and kept.
type nameCache struct {
	text   strings.Builder
	blocks []nameBlock // by class
}

// nameBlock is the last block of 27 names of a class, which share a stem.
type nameBlock struct {
	number int32  // of the stem: the names' divided by 27
	names  string // the 27 names; empty if only one was asked for
}

// podName returns the pod's name.
func (t *podTable) podName(id int32) string {
	p := &t.pods[id]
	if p.name < 0 {
		return t.named[^p.name].Name
	}
	if t.podNames == nil {
		t.podNames = &nameCache{}
	}
	return t.podNames.name(p.class, p.name, t.classes[p.class].prefix)
}

func (c *nameCache) name(class, serial int32, prefix string) string {
	for len(c.blocks) <= int(class) {
		c.blocks = append(c.blocks, nameBlock{number: none})
	}
	last, number := &c.blocks[class], serial/27
	switch {
	case last.number != number || serial >= serials:
		*last = nameBlock{number: number}
		return c.spell(prefix, serial)
	case last.names == "":
		last.names = c.spellAll(prefix, number)
	}
	size := len(prefix) + digits
	at := int(serial%27) * size
	return last.names[at : at+size]
}

func (c *nameCache) spell(prefix string, serial int32) string {
	start := c.grow(len(prefix) + digits + 2)
	var buf [8]byte
	c.text.WriteString(prefix)
	c.text.Write(appendSerial(buf[:0], serial))
	return c.text.String()[start:]
}

func (c *nameCache) spellAll(prefix string, number int32) string {
	size := len(prefix) + digits
	all := make([]byte, 0, 27*(maxPrefix+digits))
	all = appendSerial(append(all, prefix...), number*27)
	for len(all) < 27*size {
		all = append(all, all[:size]...)
		all[len(all)-1] = letters[len(all)/size-1]
	}
	start := c.grow(len(all))
	c.text.Write(all)
	return c.text.String()[start:]
}

// grow makes room for size bytes, and returns where they begin.
func (c *nameCache) grow(size int) (start int) {
	if c.text.Cap()-c.text.Len() < size {
		least := min(512+8*c.text.Cap(), 4096)
		c.text = strings.Builder{}
		c.text.Grow(max(least, size))
	}
	return c.text.Len()
}
