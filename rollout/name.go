package rollout

import (
	"slices"
	"strings"
)

// A generated name is the DaemonSet's and five characters of the API server's
// alphabet (k8s.io/apimachinery/pkg/util/rand), which here count: pods made
// later come later by name, and no name comes twice.
const (
	letters = "2456789bcdfghjklmnpqrstvwxz"
	digits  = 5
	serials = 27 * 27 * 27 * 27 * 27
)

// maxPrefix is what the API server leaves of a generateName
// (k8s.io/apiserver/pkg/storage/names: MaxGeneratedNameLength).
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

// parseSerial is the number behind a generated name's last part, if it is one.
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

// nextSerial is a controller's next number that no adopted pod's name has.
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

// podName is the pod's name. Names are made when asked for, many to an allocation.
func (s *Sim) podName(id int32) string {
	p := &s.pods[id]
	if p.name < 0 {
		return s.named[^p.name].Name
	}
	return s.spell(s.classes[p.class].prefix, p.name)
}

func (s *Sim) spell(prefix string, serial int32) string {
	if size := len(prefix) + digits + 2; s.names == nil || s.names.Cap()-s.names.Len() < size {
		s.names = &strings.Builder{}
		s.names.Grow(max(4096, size))
	}
	var buf [8]byte
	start := s.names.Len()
	s.names.WriteString(prefix)
	s.names.Write(appendSerial(buf[:0], serial))
	return s.names.String()[start:]
}
