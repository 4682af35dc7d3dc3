// Package seed makes tests draw the same cases in every run and on every machine, so
// that a test result depends on the change and not on chance. Tests import it only
// for that. BERTH_SEED sets another seed: any number, or 0 for the time. The flag
// -rapid.seed takes precedence. BERTH_SEED is read before go test tracks variables,
// so it needs -count=1.
package seed

import (
	"flag"
	"os"
	"strconv"
	"time"

	_ "pgregory.net/rapid" // for its flags
)

// Value is the seed of all cases.
var Value = value(os.LookupEnv("BERTH_SEED"))

func value(given string, ok bool) uint64 {
	if !ok {
		return 1372
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		panic("BERTH_SEED: " + err.Error())
	}
	if n == 0 {
		return uint64(time.Now().UnixNano())
	}
	return n
}

func init() {
	if err := flag.Set("rapid.seed", strconv.FormatUint(Value, 10)); err != nil {
		panic(err)
	}
}
