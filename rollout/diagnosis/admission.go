package diagnosis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// refusedPods are the pods of an object that the API server refuses.
type refusedPods struct {
	*diagnoser
	probe.Denial
	spec    *corev1.PodSpec // of the template
	missing int             // how many pods there are to create
	change  func(does string, change func(*corev1.PodSpec)) candidate
}

// candidates returns the changes of the template, and of the object that decides, that
// may have the API server take the pods.
func (r *refusedPods) candidates() []candidate {
	kind, key, _ := strings.Cut(r.Object, " ")
	switch o := r.probe.Object(strings.ToLower(kind) + "/" + key).(type) {
	case *corev1.LimitRange:
		return []candidate{r.fitLimits(o), r.addDefaults(o), r.widen(o)}
	case *corev1.ResourceQuota:
		return []candidate{r.raise(o), r.specify(o)}
	case *corev1.Namespace:
		if r.Plugin == admission.PodSecurity.String() {
			return append(r.relabel(o), r.first(r.secure(false), r.secure(true))...)
		}
		return []candidate{r.selectAs(o)}
	}
	switch spec := r.spec; r.Plugin {
	case admission.Priority.String():
		return []candidate{r.change("leave out priorityClassName "+spec.PriorityClassName, func(spec *corev1.PodSpec) {
			spec.PriorityClassName, spec.Priority = "", nil
		})}
	case admission.RuntimeClass.String():
		return []candidate{r.change("leave out runtimeClassName", func(spec *corev1.PodSpec) { spec.RuntimeClassName, spec.Overhead = nil, nil })}
	case admission.ServiceAccount.String():
		account := &corev1.ServiceAccount{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
			ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: spec.ServiceAccountName},
		}
		return []candidate{
			policy("create serviceaccount "+kube.Key(account), account),
			r.change("use the service account default", func(spec *corev1.PodSpec) {
				spec.ServiceAccountName, spec.DeprecatedServiceAccount = "", ""
			}),
		}
	}
	return nil
}

// policy applies a changed object that decides about pods.
func policy(does string, object runtime.Object) candidate {
	return candidate{means: RemedyChangePolicy, does: does, inputs: []rollout.Input{rollout.Apply{Object: object}}}
}

// bounds returns a LimitRange's bounds for a container, of those for pods an equal share
// for each container.
func (r *refusedPods) bounds(o *corev1.LimitRange) (least, most corev1.ResourceList) {
	least, most = corev1.ResourceList{}, corev1.ResourceList{}
	for _, item := range o.Spec.Limits {
		n := int64(1)
		if item.Type == corev1.LimitTypePod {
			n = int64(len(r.spec.Containers))
		}
		if item.Type != corev1.LimitTypePod && item.Type != corev1.LimitTypeContainer {
			continue
		}
		for name, amount := range kube.Sorted(item.Min) {
			if share := divided(amount, n, true); least[name] == (resource.Quantity{}) || share.Cmp(least[name]) > 0 {
				least[name] = share
			}
		}
		for name, amount := range kube.Sorted(item.Max) {
			if share := divided(amount, n, false); most[name] == (resource.Quantity{}) || share.Cmp(most[name]) < 0 {
				most[name] = share
			}
		}
	}
	return least, most
}

// divided returns the n-th part of an amount.
func divided(amount resource.Quantity, n int64, up bool) resource.Quantity {
	if n == 1 {
		return amount.DeepCopy()
	}
	milli := amount.MilliValue()
	if up {
		milli += n - 1
	}
	return *resource.NewMilliQuantity(milli/n, amount.Format)
}

// fitLimits brings the requests and limits of the template's containers within a
// LimitRange.
func (r *refusedPods) fitLimits(o *corev1.LimitRange) candidate {
	least, most := r.bounds(o)
	changed := r.spec.DeepCopy()
	var steps []string
	set := func(container *corev1.Container, list *corev1.ResourceList, what string, name corev1.ResourceName, amount resource.Quantity) {
		if *list == nil {
			*list = corev1.ResourceList{}
		}
		(*list)[name] = amount
		steps = append(steps, fmt.Sprintf("%s.%s of %s to %s", what, name, container.Name, amount.String()))
	}
	for i := range changed.Containers {
		c := &changed.Containers[i]
		for name, amount := range kube.Sorted(least) {
			if request, ok := c.Resources.Requests[name]; !ok || request.Cmp(amount) < 0 {
				set(c, &c.Resources.Requests, "requests", name, amount)
			}
			if limit, ok := c.Resources.Limits[name]; ok && limit.Cmp(amount) < 0 {
				set(c, &c.Resources.Limits, "limits", name, amount)
			}
		}
		for name, amount := range kube.Sorted(most) {
			if limit, ok := c.Resources.Limits[name]; !ok || limit.Cmp(amount) > 0 {
				set(c, &c.Resources.Limits, "limits", name, amount)
			}
			if request, ok := c.Resources.Requests[name]; ok && request.Cmp(amount) > 0 {
				set(c, &c.Resources.Requests, "requests", name, amount)
			}
		}
	}
	return r.change("set "+strings.Join(steps, ", "), func(spec *corev1.PodSpec) { *spec = *changed.DeepCopy() })
}

// addDefaults adds defaults to the LimitRange, so that containers without requests and
// limits get what it requires.
func (r *refusedPods) addDefaults(o *corev1.LimitRange) candidate {
	least, most := r.bounds(o)
	o = o.DeepCopy()
	i := slices.IndexFunc(o.Spec.Limits, func(item corev1.LimitRangeItem) bool { return item.Type == corev1.LimitTypeContainer })
	if i < 0 {
		i = len(o.Spec.Limits)
		o.Spec.Limits = append(o.Spec.Limits, corev1.LimitRangeItem{Type: corev1.LimitTypeContainer})
	}
	item := &o.Spec.Limits[i]
	var steps []string
	fill := func(what string, list *corev1.ResourceList, from corev1.ResourceList) {
		for name, amount := range kube.Sorted(from) {
			if _, has := (*list)[name]; has {
				continue
			}
			if *list == nil {
				*list = corev1.ResourceList{}
			}
			(*list)[name] = amount
			steps = append(steps, fmt.Sprintf("%s.%s to %s", what, name, amount.String()))
		}
	}
	fill("defaultRequest", &item.DefaultRequest, least)
	fill("default", &item.Default, most)
	if len(steps) == 0 {
		return candidate{}
	}
	return policy("set "+strings.Join(steps, ", ")+" in limitrange "+kube.Key(o), o)
}

// widen moves the bounds of a LimitRange to what the template's containers ask for.
func (r *refusedPods) widen(o *corev1.LimitRange) candidate {
	o = o.DeepCopy()
	var steps []string
	for i := range o.Spec.Limits {
		item := &o.Spec.Limits[i]
		for name, bound := range kube.Sorted(item.Max) {
			asked := r.asked(item.Type, name, func(c *corev1.Container) corev1.ResourceList { return c.Resources.Limits })
			if asked.Cmp(bound) > 0 {
				item.Max[name] = asked
				steps = append(steps, fmt.Sprintf("max.%s per %s to %s", name, item.Type, asked.String()))
			}
		}
	}
	if len(steps) == 0 {
		return candidate{}
	}
	return policy("set "+strings.Join(steps, ", ")+" in limitrange "+kube.Key(o), o)
}

// asked returns the most that a container asks for, or the sum for a pod.
func (r *refusedPods) asked(per corev1.LimitType, name corev1.ResourceName, list func(*corev1.Container) corev1.ResourceList) resource.Quantity {
	var most, sum resource.Quantity
	for i := range r.spec.Containers {
		amount := list(&r.spec.Containers[i])[name]
		if sum.Add(amount); amount.Cmp(most) > 0 {
			most = amount
		}
	}
	if per == corev1.LimitTypePod {
		return sum
	}
	return most
}

// relabel returns the strictest level of Pod Security below the namespace's own at which
// the pods are let in.
func (r *refusedPods) relabel(ns *corev1.Namespace) []candidate {
	var all []candidate
	for _, level := range []string{"baseline", "privileged"} {
		ns := ns.DeepCopy()
		ns.Labels = maps.Clone(ns.Labels)
		ns.Labels["pod-security.kubernetes.io/enforce"] = level
		all = append(all, policy("label namespace "+ns.Name+" with pod-security.kubernetes.io/enforce="+level, ns))
	}
	return r.first(all...)
}

// first returns the first candidate that is a remedy.
func (r *refusedPods) first(all ...candidate) []candidate {
	for _, c := range all {
		if _, ok := r.try(c); ok {
			return []candidate{c}
		}
	}
	return nil
}

// secure takes out of the template what the level baseline forbids, and with restricted
// adds what that level asks for
// (https://kubernetes.io/docs/concepts/security/pod-security-standards).
func (r *refusedPods) secure(restricted bool) candidate {
	var steps []string
	if forbidden := r.privileges(); len(forbidden) > 0 {
		steps = append(steps, "leave out "+strings.Join(forbidden, ", "))
	}
	if restricted {
		steps = append(steps, "run as non-root without capabilities and privilege escalation, with the seccomp profile RuntimeDefault")
	}
	return r.change(strings.Join(steps, ", and "), func(spec *corev1.PodSpec) {
		spec.HostNetwork, spec.HostPID, spec.HostIPC = false, false, false
		paths := map[string]bool{}
		spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool {
			paths[v.Name] = v.HostPath != nil
			return v.HostPath != nil
		})
		for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
			for i := range list {
				secureContainer(&list[i], paths, restricted)
			}
		}
	})
}

// privileges lists what the template has that the level baseline forbids.
func (r *refusedPods) privileges() []string {
	containers := slices.Concat(r.spec.InitContainers, r.spec.Containers)
	var all []string
	note := func(what string, has bool) {
		if has {
			all = append(all, what)
		}
	}
	note("host namespaces", r.spec.HostNetwork || r.spec.HostPID || r.spec.HostIPC)
	note("hostPath volumes", slices.ContainsFunc(r.spec.Volumes, func(v corev1.Volume) bool { return v.HostPath != nil }))
	note("host ports", slices.ContainsFunc(containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 })
	}))
	note("privileged containers", slices.ContainsFunc(containers, func(c corev1.Container) bool {
		return c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged
	}))
	note("added capabilities", slices.ContainsFunc(containers, func(c corev1.Container) bool {
		return c.SecurityContext != nil && c.SecurityContext.Capabilities != nil && len(c.SecurityContext.Capabilities.Add) > 0
	}))
	return all
}

func secureContainer(c *corev1.Container, paths map[string]bool, restricted bool) {
	c.VolumeMounts = slices.DeleteFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return paths[m.Name] })
	for i := range c.Ports {
		c.Ports[i].HostPort = 0
	}
	if c.SecurityContext == nil {
		c.SecurityContext = &corev1.SecurityContext{}
	}
	s := c.SecurityContext
	s.Privileged, s.ProcMount, s.Capabilities = nil, nil, nil
	if restricted {
		s.AllowPrivilegeEscalation, s.RunAsNonRoot, s.RunAsUser = new(false), new(true), nil
		s.Capabilities = &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}
		s.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
}

// selectAs has the template select the nodes that its namespace selects.
func (r *refusedPods) selectAs(ns *corev1.Namespace) candidate {
	wanted := map[string]string{}
	for _, annotation := range []string{admission.NodeSelectorAnnotation, admission.ProjectNodeSelectorAnnotation} {
		if selected, err := labels.ConvertSelectorToLabelsMap(ns.Annotations[annotation]); err == nil {
			maps.Copy(wanted, selected)
		}
	}
	if len(wanted) == 0 {
		return candidate{}
	}
	return r.change("select "+labels.FormatLabels(wanted)+" as namespace "+ns.Name+" does", func(spec *corev1.PodSpec) {
		spec.NodeSelector = maps.Clone(spec.NodeSelector)
		if spec.NodeSelector == nil {
			spec.NodeSelector = map[string]string{}
		}
		maps.Copy(spec.NodeSelector, wanted)
	})
}

// raise raises the limits of a quota by as few pods as are enough.
func (r *refusedPods) raise(q *corev1.ResourceQuota) candidate {
	_, text, ok := strings.Cut(r.Message, ", requested: ")
	if !ok {
		return candidate{}
	}
	text, _, _ = strings.Cut(text, ", used: ")
	c, ok := r.least(1, max(r.missing, 1), func(n int) candidate {
		q := q.DeepCopy()
		var steps []string
		for _, part := range strings.Split(text, ",") {
			name, amount, _ := strings.Cut(part, "=")
			each, err := resource.ParseQuantity(amount)
			if err != nil {
				return candidate{}
			}
			sum := q.Status.Used[corev1.ResourceName(name)]
			each.Mul(int64(n))
			sum.Add(each)
			q.Spec.Hard[corev1.ResourceName(name)] = sum
			steps = append(steps, name+" to "+sum.String())
		}
		return policy("raise "+strings.Join(steps, ", ")+" in resourcequota "+kube.Key(q), q)
	})
	if !ok {
		return candidate{}
	}
	return c
}

// specify sets the requests and limits of containers for what a quota counts: it refuses
// containers without them.
func (r *refusedPods) specify(q *corev1.ResourceQuota) candidate {
	amounts := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}
	var steps []string
	changed := r.spec.DeepCopy()
	for name, amount := range kube.Sorted(amounts) {
		for _, prefix := range []string{"", "requests.", "limits."} {
			if _, counted := q.Spec.Hard[corev1.ResourceName(prefix)+name]; !counted {
				continue
			}
			for _, list := range [][]corev1.Container{changed.InitContainers, changed.Containers} {
				for i := range list {
					to, what := &list[i].Resources.Requests, "requests."
					if prefix == "limits." {
						to, what = &list[i].Resources.Limits, prefix
					}
					if _, has := (*to)[name]; has {
						continue
					}
					if *to == nil {
						*to = corev1.ResourceList{}
					}
					(*to)[name] = amount
					steps = append(steps, fmt.Sprintf("%s%s of %s to %s", what, name, list[i].Name, amount.String()))
				}
			}
		}
	}
	if len(steps) == 0 {
		return candidate{}
	}
	return r.change("set "+strings.Join(steps, ", "), func(spec *corev1.PodSpec) { *spec = *changed.DeepCopy() })
}
