package defaults

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// parse decodes one object into a value. Unknown fields fail the test.
func parse[T runtime.Object](t testing.TB, into T, text string) T {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return into
}

// TestDefault compares the text of an object with that of the result of Apply.
func TestDefault(t *testing.T) {
	const (
		spec      = "dnsPolicy: ClusterFirst, restartPolicy: Always, schedulerName: default-scheduler, securityContext: {}, terminationGracePeriodSeconds: 30"
		podSpec   = spec + ", enableServiceLinks: true"
		container = "terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File"
		claim     = "spec: {accessModes: [ReadWriteOnce], volumeMode: Filesystem"
		ds        = "{revisionHistoryLimit: 10, updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}, "
		retention = "persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}"
		sts       = "podManagementPolicy: OrderedReady, replicas: 1, revisionHistoryLimit: 10, " + retention + ", template: {spec: {" + spec + "}}"
		service   = "sessionAffinity: None, internalTrafficPolicy: Cluster"
		namespace = "metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}"
	)
	tests := []struct {
		reason    string
		object    runtime.Object
		give, get string
	}{
		{"a daemon set is updated one node at a time", &appsv1.DaemonSet{}, "{}", "{spec: " + ds + "template: {spec: {" + spec + "}}}}"},
		{"maxSurge alone does not spare the daemon set maxUnavailable 1, which validation then refuses", &appsv1.DaemonSet{},
			"{spec: {updateStrategy: {rollingUpdate: {maxSurge: 2}}}}",
			"{spec: {revisionHistoryLimit: 10, updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 2, maxUnavailable: 1}}, template: {spec: {" + spec + "}}}}"},
		{"OnDelete has no parameters", &appsv1.DaemonSet{}, "{spec: {updateStrategy: {type: OnDelete}}}",
			"{spec: {revisionHistoryLimit: 10, updateStrategy: {type: OnDelete}, template: {spec: {" + spec + "}}}}"},
		{"host ports and requests are defaults of a pod, not of a template", &appsv1.DaemonSet{},
			"{spec: {template: {spec: {hostNetwork: true, containers: [{image: a, ports: [{containerPort: 80}], resources: {limits: {cpu: 1}}}]}}}}",
			"{spec: " + ds + "template: {spec: {hostNetwork: true, containers: [{image: a, imagePullPolicy: Always, ports: [{containerPort: 80, protocol: TCP}], resources: {limits: {cpu: 1}}, " + container + "}], " + spec + "}}}}"},
		{"in a pod they are", &corev1.Pod{},
			"{spec: {hostNetwork: true, containers: [{image: a, ports: [{containerPort: 80}], resources: {limits: {cpu: 1, memory: 1Gi}, requests: {memory: 1}}}]}}",
			"{spec: {hostNetwork: true, containers: [{image: a, imagePullPolicy: Always, ports: [{containerPort: 80, hostPort: 80, protocol: TCP}], resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1}}, " + container + "}], " + podSpec + "}}"},
		{"quantities are rounded up to thousandths", &corev1.Pod{}, "{spec: {overhead: {cpu: 100u, memory: 0.5Mi}}}", "{spec: {overhead: {cpu: 1m, memory: 512Ki}, " + podSpec + "}}"},
		{"an unknown protocol of a probe is left: the gate is off", &corev1.Pod{},
			"{spec: {containers: [{image: 'a:1', livenessProbe: {httpGet: {port: 80}}, readinessProbe: {grpc: {port: 1}, periodSeconds: 5}, lifecycle: {preStop: {httpGet: {port: 81}}}}]}}",
			"{spec: {containers: [{image: 'a:1', imagePullPolicy: IfNotPresent, " + container +
				", livenessProbe: {httpGet: {port: 80, path: /, scheme: HTTP}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}" +
				", readinessProbe: {grpc: {port: 1, service: ''}, timeoutSeconds: 1, periodSeconds: 5, successThreshold: 1, failureThreshold: 3}" +
				", lifecycle: {preStop: {httpGet: {port: 81, path: /, scheme: HTTP}}}}], " + podSpec + "}}"},
		{"environment from fields and files", &corev1.Pod{},
			"{spec: {initContainers: [{image: 'a:1', env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}, {name: B, valueFrom: {fileKeyRef: {key: k}}}]}]}}",
			"{spec: {initContainers: [{image: 'a:1', imagePullPolicy: IfNotPresent, " + container +
				", env: [{name: A, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}}, {name: B, valueFrom: {fileKeyRef: {key: k, optional: false}}}]}], " + podSpec + "}}"},
		{"volumes", &corev1.Pod{},
			"{spec: {volumes: [{name: a}, {name: b, hostPath: {path: /}}, {name: c, secret: {}}, {name: d, projected: {sources: [{serviceAccountToken: {path: p}}]}}, {name: e, image: {reference: 'x:1'}}, {name: f, ephemeral: {volumeClaimTemplate: {spec: {resources: {requests: {storage: 1u}}}}}}]}}",
			"{spec: {volumes: [{name: a, emptyDir: {}}, {name: b, hostPath: {path: /, type: ''}}, {name: c, secret: {defaultMode: 420}}, {name: d, projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: p, expirationSeconds: 3600}}]}}, {name: e, image: {reference: 'x:1', pullPolicy: IfNotPresent}}, {name: f, ephemeral: {volumeClaimTemplate: {spec: {volumeMode: Filesystem, resources: {requests: {storage: 1m}}}}}}], " + podSpec + "}}"},
		{"a pod's negative grace period is a second", &corev1.Pod{}, "{spec: {terminationGracePeriodSeconds: -5}}", "{spec: {" + strings.Replace(podSpec, "30", "1", 1) + "}}"},
		{"a template keeps a negative grace period", &appsv1.ReplicaSet{}, "{spec: {template: {spec: {terminationGracePeriodSeconds: -5}}}}",
			"{spec: {replicas: 1, template: {spec: {" + strings.Replace(spec, "30", "-5", 1) + "}}}}"},
		{"the two names of the service account agree", &corev1.Pod{}, "{spec: {serviceAccount: a}}", "{spec: {serviceAccount: a, serviceAccountName: a, " + podSpec + "}}"},
		{"the new name of the service account wins", &corev1.Pod{}, "{spec: {serviceAccount: a, serviceAccountName: b}}", "{spec: {serviceAccount: b, serviceAccountName: b, " + podSpec + "}}"},
		{"podIP is in the lead", &corev1.Pod{}, "{status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.2}, {ip: '::1'}]}}", "{status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}, spec: {" + podSpec + "}}"},
		{"a pod's requests follow its limits if no container has any", &corev1.Pod{}, "{spec: {resources: {limits: {cpu: 2}}}}",
			"{spec: {resources: {limits: {cpu: 2}, requests: {cpu: 2}}, " + podSpec + "}}"},
		{"a pod's requests are those of its containers, and so are limits that all have", &corev1.Pod{},
			"{spec: {resources: {requests: {memory: 3Gi}}, containers: [{image: 'a:1', resources: {limits: {cpu: 1, memory: 1Gi}}}, {image: 'a:1', resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}}]}}",
			"{spec: {resources: {requests: {cpu: 2, memory: 3Gi}, limits: {memory: 3Gi}}, containers: [" +
				"{image: 'a:1', imagePullPolicy: IfNotPresent, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}, " + container + "}, " +
				"{image: 'a:1', imagePullPolicy: IfNotPresent, resources: {limits: {memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}, " + container + "}], " + podSpec + "}}"},
		{"a deployment", &appsv1.Deployment{}, "{}",
			"{spec: {replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}, template: {spec: {" + spec + "}}}}"},
		{"a stateful set", &appsv1.StatefulSet{}, "{}", "{spec: {updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0, maxUnavailable: 1}}, " + sts + "}}"},
		{"a stateful set that only says RollingUpdate gets no parameters", &appsv1.StatefulSet{}, "{spec: {updateStrategy: {type: RollingUpdate}}}", "{spec: {updateStrategy: {type: RollingUpdate}, " + sts + "}}"},
		{"its claims", &appsv1.StatefulSet{}, "{spec: {updateStrategy: {type: OnDelete}, volumeClaimTemplates: [{spec: {accessModes: [ReadWriteOnce]}}]}}",
			"{spec: {updateStrategy: {type: OnDelete}, volumeClaimTemplates: [{" + claim + "}, status: {phase: Pending}}], " + sts + "}}"},
		{"a node offers what it has", &corev1.Node{}, "{status: {capacity: {cpu: 1500u}}}", "{status: {capacity: {cpu: 2m}, allocatable: {cpu: 2m}}}"},
		{"a node that offers nothing is believed", &corev1.Node{}, "{status: {capacity: {cpu: 4}, allocatable: {}}}", "{status: {capacity: {cpu: 4}, allocatable: {}}}"},
		{"a namespace has its name as a label, whatever was there", &corev1.Namespace{}, "{metadata: {name: shop, labels: {kubernetes.io/metadata.name: x}}}", "{" + namespace + ", status: {phase: Active}}"},
		{"a service", &corev1.Service{}, "{spec: {ports: [{port: 80}, {port: 81, targetPort: web, protocol: UDP}]}}",
			"{spec: {type: ClusterIP, " + service + ", ports: [{port: 80, targetPort: 80, protocol: TCP}, {port: 81, targetPort: web, protocol: UDP}]}}"},
		{"a load balancer", &corev1.Service{}, "{spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}, {hostname: x}]}}}",
			"{spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: true, externalTrafficPolicy: Cluster, " + service + "}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4, ipMode: VIP}, {hostname: x}]}}}"},
		{"an external name has no traffic policy", &corev1.Service{}, "{spec: {type: ExternalName, sessionAffinity: ClientIP}}",
			"{spec: {type: ExternalName, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 10800}}}}"},
		{"a priority class preempts", &schedulingv1.PriorityClass{}, "{value: 7}", "{value: 7, preemptionPolicy: PreemptLowerPriority}"},
		{"a budget has no default", &policyv1.PodDisruptionBudget{}, "{}", "{}"},
		{"a revision is not looked into", &appsv1.ControllerRevision{}, "{data: {spec: {template: {spec: {}}}}}", "{data: {spec: {template: {spec: {}}}}}"},
		{"other kinds are copied", &corev1.ConfigMap{}, "{}", "{}"},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			give := parse(t, test.object.DeepCopyObject(), test.give)
			want := parse(t, test.object.DeepCopyObject(), test.get)
			if diff := cmp.Diff(want, Apply(give)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPullPolicy(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	tests := []struct {
		reason, image string
		want          corev1.PullPolicy
	}{
		{"no tag is latest", "nginx", corev1.PullAlways},
		{"latest", "quay.io:443/a/nginx:latest", corev1.PullAlways},
		{"another tag", "nginx:1.27", corev1.PullIfNotPresent},
		{"a colon before a slash is a port", "localhost:5000/nginx", corev1.PullAlways},
		{"a digest pins", "nginx@sha256:" + sum, corev1.PullIfNotPresent},
		{"latest says so even with a digest", "nginx:latest@sha256:" + sum, corev1.PullAlways},
		{"a digest that is none makes the image no name", "nginx:latest@sha256:" + sum[1:], corev1.PullIfNotPresent},
		{"no name, no latest", "", corev1.PullIfNotPresent},
		{"capitals are for hosts", "Nginx", corev1.PullIfNotPresent},
		{"capitals are for hosts", "Registry/nginx", corev1.PullAlways},
		{"an image ID is no name", sum, corev1.PullIfNotPresent},
		{"a name is at most 255 characters with library/", strings.Repeat("a", 247), corev1.PullAlways},
		{"a name is at most 255 characters with library/", strings.Repeat("a", 248), corev1.PullIfNotPresent},
		{"a host does not count", "quay.io/" + strings.Repeat("a", 255), corev1.PullAlways},
		{"nor a host with a port", "registry:5000/" + strings.Repeat("a", 255), corev1.PullAlways},
		{"nor localhost", "localhost/" + strings.Repeat("a", 255), corev1.PullAlways},
		{"nor one with capitals", "Registry/" + strings.Repeat("a", 255), corev1.PullAlways},
		{"but what is no host does", "registry/" + strings.Repeat("a", 246), corev1.PullAlways},
		{"but what is no host does", "registry/" + strings.Repeat("a", 247), corev1.PullIfNotPresent},
		{"Docker Hub has library/ too", "docker.io/" + strings.Repeat("a", 247), corev1.PullAlways},
		{"Docker Hub has library/ too", "docker.io/" + strings.Repeat("a", 248), corev1.PullIfNotPresent},
		{"also by its old name", "index.docker.io/" + strings.Repeat("a", 247), corev1.PullAlways},
		{"also by its old name", "index.docker.io/" + strings.Repeat("a", 248), corev1.PullIfNotPresent},
		{"and not below a name", "docker.io/b/" + strings.Repeat("a", 253), corev1.PullAlways},
	}
	for _, test := range tests {
		if got := pullPolicy(test.image); got != test.want {
			t.Errorf("%s: pullPolicy(%q) = %s, want %s", test.reason, test.image, got, test.want)
		}
	}
}

func TestDefaultOfNil(t *testing.T) {
	if Apply[runtime.Object](nil) != nil {
		t.Error("a nil interface became an object")
	}
	for _, object := range defaultKinds {
		null := reflect.Zero(reflect.TypeOf(object)).Interface().(runtime.Object)
		if got := Apply(null); got != null {
			t.Errorf("a nil %T became %v", object, got)
		}
	}
	if Apply((*corev1.Pod)(nil)) != nil {
		t.Error("a nil pod became an object")
	}
}

var defaultKinds = []runtime.Object{
	&corev1.Node{}, &corev1.Pod{}, &corev1.Namespace{}, &corev1.Service{},
	&appsv1.DaemonSet{}, &appsv1.ControllerRevision{}, &appsv1.Deployment{}, &appsv1.ReplicaSet{}, &appsv1.StatefulSet{},
	&policyv1.PodDisruptionBudget{}, &schedulingv1.PriorityClass{}, &corev1.ConfigMap{}, &corev1.PodList{},
}
