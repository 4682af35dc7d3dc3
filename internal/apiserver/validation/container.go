package validation

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkAllContainers checks the containers of a pod and that their names are
// distinct.
func checkAllContainers(at fieldErrors, spec *corev1.PodSpec) {
	names := map[string]bool{}
	checkContainers(at.child("containers"), spec.Containers, names)
	checkInitContainers(at.child("initContainers"), spec.InitContainers, names)
	checkEphemeralContainers(at.child("ephemeralContainers"), spec.EphemeralContainers, names)
}

// checkContainers follows the API server (pkg/apis/core/validation/validation.go:
// validateContainers).
func checkContainers(at fieldErrors, containers []corev1.Container, names map[string]bool) {
	if len(containers) == 0 {
		at.required("")
	}
	for i := range containers {
		c := &containers[i]
		checkContainer(at.item(i), c)
		checkNewName(at.item(i).child("name"), c.Name, names)
		checkContainerRestart(at.item(i), c)
	}
	checkHostPorts(at, containers)
}

// checkInitContainers follows validateInitContainers. Init containers run one by
// one, so each has the host ports to itself. The server reports a conflict within
// any of them under the first.
func checkInitContainers(at fieldErrors, containers []corev1.Container, names map[string]bool) {
	for i := range containers {
		c := &containers[i]
		checkContainer(at.item(i), c)
		checkContainerRestart(at.item(i), c)
		if c.Name != "" || names[""] {
			checkNewName(at.item(i).child("name"), c.Name, names)
		}
		checkHostPorts(at, containers[i:i+1])
	}
	for _, c := range containers {
		names[c.Name] = true
	}
}

// checkEphemeralContainers follows validateEphemeralContainers. Of the fields that
// berth uses, they have only a name and an image.
func checkEphemeralContainers(at fieldErrors, containers []corev1.EphemeralContainer, names map[string]bool) {
	for i := range containers {
		here, c := at.item(i), corev1.Container(containers[i].EphemeralContainerCommon)
		checkContainer(here, &c)
		checkImageTrimmed(here, &c)
		checkNewName(here.child("name"), c.Name, names)
		checkUnset(here.child("ports"), c.Ports == nil)
		checkUnset(here.child("resources"), c.Resources.Limits == nil && c.Resources.Requests == nil)
		checkUnset(here.child("restartPolicy"), c.RestartPolicy == nil)
	}
}

func checkUnset(at fieldErrors, unset bool) {
	if !unset {
		at.forbidden("cannot be set for an Ephemeral Container")
	}
}

// checkContainer follows validateContainerCommon.
func checkContainer(at fieldErrors, c *corev1.Container) {
	if c.Name == "" {
		at.child("name").required("")
	} else {
		checkDNSLabel(at.child("name"), c.Name)
	}
	if c.Image == "" {
		at.child("image").required("")
	}
	checkContainerPorts(at.child("ports"), c.Ports)
	checkResources(at.child("resources"), &c.Resources, checkContainerResource)
}

// checkNewName checks that a name is not in known, and adds it. Two containers
// without a name are reported twice.
func checkNewName(at fieldErrors, name string, known map[string]bool) {
	if known[name] {
		at.duplicate(name)
	}
	known[name] = true
}

// checkContainerRestart follows validateContainerRestartPolicy and
// validateInitContainerRestartPolicy. It does not check the rules themselves.
func checkContainerRestart(at fieldErrors, c *corev1.Container) {
	at = at.child("restartPolicy")
	if c.RestartPolicy != nil {
		checkSupported(at, *c.RestartPolicy, corev1.ContainerRestartPolicyAlways,
			corev1.ContainerRestartPolicyNever, corev1.ContainerRestartPolicyOnFailure)
	} else if len(c.RestartPolicyRules) > 0 {
		at.required("must specify restartPolicy when restart rules are used")
	}
}

// checkImagesTrimmed follows validateContainersOnlyForPod.
func checkImagesTrimmed(at fieldErrors, containers []corev1.Container) {
	for i := range containers {
		checkImageTrimmed(at.item(i), &containers[i])
	}
}

func checkImageTrimmed(at fieldErrors, c *corev1.Container) {
	if c.Image != strings.TrimSpace(c.Image) {
		at.child("image").invalid(c.Image, "must not have leading or trailing whitespace")
	}
}

var protocols = []corev1.Protocol{corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP}

// checkContainerPorts follows validateContainerPorts.
func checkContainerPorts(at fieldErrors, ports []corev1.ContainerPort) {
	names := map[string]bool{}
	for i, port := range ports {
		here := at.item(i)
		checkPortName(here.child("name"), port.Name, names)
		if port.ContainerPort == 0 {
			here.child("containerPort").required("")
		} else {
			here.child("containerPort").invalidFor(port.ContainerPort, validation.IsValidPortNum(int(port.ContainerPort)))
		}
		if port.HostPort != 0 {
			here.child("hostPort").invalidFor(port.HostPort, validation.IsValidPortNum(int(port.HostPort)))
		}
		checkOneOf(here.child("protocol"), port.Protocol, protocols...)
	}
}

func checkPortName(at fieldErrors, name string, known map[string]bool) {
	if name == "" {
		return
	}
	if wrong := validation.IsValidPortName(name); len(wrong) > 0 {
		at.invalidFor(name, wrong)
		return
	}
	checkNewName(at, name, known)
}

// checkHostPorts follows AccumulateUniqueHostPorts. The same port on different
// addresses is not a conflict here, although it can be one on the node.
func checkHostPorts(at fieldErrors, containers []corev1.Container) {
	taken := map[string]bool{}
	for i, c := range containers {
		for j, port := range c.Ports {
			if port.HostPort != 0 {
				address := fmt.Sprintf("%s/%s/%d", port.Protocol, port.HostIP, port.HostPort)
				checkNewName(at.item(i).child("ports").item(j).child("hostPort"), address, taken)
			}
		}
	}
}
