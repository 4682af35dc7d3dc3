package defaults

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// pullPolicy returns Always for the tag latest and for a name with neither tag nor
// digest, and IfNotPresent for everything else, including invalid names.
//
// It follows the API server (pkg/apis/core/v1/defaults.go: SetDefaults_Container;
// pkg/util/parsers/parsers.go: ParseImageName), which parses a name with
// ParseNormalizedNamed of github.com/distribution/reference.
func pullPolicy(image string) corev1.PullPolicy {
	rest, digest, digested := strings.Cut(image, "@")
	name, tag, tagged := cutTag(rest)
	latest := tag == "latest" || !tagged && !digested
	if latest && (!digested || isDigest(digest)) && isRepository(name) && !isHex(image, 64) {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}

// cutTag splits at the last colon. A colon before the last slash belongs to a port.
func cutTag(image string) (name, tag string, tagged bool) {
	colon := strings.LastIndexByte(image, ':')
	if colon <= strings.LastIndexByte(image, '/') {
		return image, "", false
	}
	return image[:colon], image[colon+1:], true
}

// isDigest follows Digest.Validate of github.com/opencontainers/go-digest.
func isDigest(digest string) bool {
	algorithm, sum, _ := strings.Cut(digest, ":")
	digits := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}
	return digits[algorithm] > 0 && isHex(sum, digits[algorithm])
}

func isHex(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}

// repository matches a path of lower-case components, preceded by the host of a
// registry, which may have capitals, dots, a port, or be an IPv6 address.
var repository = func() *regexp.Regexp {
	const (
		label = `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`
		host  = `(?:` + label + `(?:\.` + label + `)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`
		part  = `[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`
	)
	return regexp.MustCompile(`^(?:(` + host + `)/)?(` + part + `(?:/` + part + `)*)$`)
}()

const longestRepository = 255

// isRepository reports whether a name without tag and digest names a repository.
func isRepository(name string) bool {
	match := repository.FindStringSubmatch(name)
	return match != nil && len(pathInRegistry(match[1], match[2])) <= longestRepository
}

// pathInRegistry follows splitDockerDomain: a first component that is not certainly
// a host is part of a path at Docker Hub, and a single component there is below
// library.
func pathInRegistry(host, path string) string {
	switch {
	case host == "" || host == "docker.io" || host == "index.docker.io":
	case host == "localhost" || strings.ContainsAny(host, ".:") || strings.ToLower(host) != host:
		return path
	default:
		path = host + "/" + path
	}
	if !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return path
}
