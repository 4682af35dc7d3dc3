package admission

import (
	"slices"
	"strings"
)

// Plugin is an admission plugin of the API server, or Validation.
type Plugin uint8

// The plugins, in the order in which the API server calls them. OriginPodNodeEnvironment
// is OpenShift's, the others are Kubernetes'.
const (
	Validation Plugin = iota // not a plugin: the check of the fields
	NamespaceLifecycle
	LimitRanger
	ServiceAccount
	PodSecurity
	PodNodeSelector
	Priority
	DefaultTolerationSeconds
	PodTolerationRestriction
	ExtendedResourceToleration
	RuntimeClass
	OriginPodNodeEnvironment
	ResourceQuota
	plugins
	Webhooks Plugin = plugins // not a plugin: the mutating webhooks of the cluster
)

var pluginNames = [plugins]string{
	"Validation", "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "PodSecurity", "PodNodeSelector", "Priority",
	"DefaultTolerationSeconds", "PodTolerationRestriction", "ExtendedResourceToleration", "RuntimeClass",
	"OriginPodNodeEnvironment", "ResourceQuota",
}

// String returns the plugin's name, or "" for a number that is none.
func (p Plugin) String() string {
	switch {
	case p == Webhooks:
		return "webhooks"
	case p > plugins:
		return ""
	}
	return pluginNames[p]
}

// PluginNamed returns the plugin with a name, and whether there is one. Validation is
// none.
func PluginNamed(name string) (Plugin, bool) {
	for p := NamespaceLifecycle; p < plugins; p++ {
		if pluginNames[p] == name {
			return p, true
		}
	}
	return 0, false
}

// PluginNames returns the names of all plugins. Validation is none.
func PluginNames() []string { return slices.Clone(pluginNames[NamespaceLifecycle:]) }

// Plugins is a set of plugins.
type Plugins uint16

// AllPlugins are all of them. Validation is none.
const AllPlugins Plugins = 1<<plugins - 1<<NamespaceLifecycle

// DefaultPlugins are those that a 1.37 API server runs by default
// (pkg/kubeapiserver/options/plugins.go: DefaultOffAdmissionPlugins).
var DefaultPlugins = PluginSet(NamespaceLifecycle, LimitRanger, ServiceAccount, PodSecurity, Priority,
	DefaultTolerationSeconds, RuntimeClass, ResourceQuota)

// PluginSet returns the set of the given plugins.
func PluginSet(plugins ...Plugin) Plugins {
	var set Plugins
	for _, p := range plugins {
		set |= 1 << p
	}
	return set
}

// Has reports whether the plugin is in the set.
func (s Plugins) Has(p Plugin) bool { return s&(1<<p) != 0 }

// With returns the set with more plugins.
func (s Plugins) With(more ...Plugin) Plugins { return s | PluginSet(more...) }

// Without returns the set without some plugins.
func (s Plugins) Without(some ...Plugin) Plugins { return s &^ PluginSet(some...) }

// String returns the names of the plugins, separated by commas, as
// --enable-admission-plugins takes them.
func (s Plugins) String() string {
	var names []string
	for p := range plugins {
		if s.Has(p) {
			names = append(names, p.String())
		}
	}
	return strings.Join(names, ",")
}
