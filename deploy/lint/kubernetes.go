// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// kinds are those that the manifests use.
func kinds(kind metav1.TypeMeta) any {
	switch kind.APIVersion + " " + kind.Kind {
	case "v1 ConfigMap":
		return new(corev1.ConfigMap)
	case "v1 Service":
		return new(corev1.Service)
	case "apps/v1 Deployment":
		return new(appsv1.Deployment)
	case "apps/v1 StatefulSet":
		return new(appsv1.StatefulSet)
	case "policy/v1 PodDisruptionBudget":
		return new(policyv1.PodDisruptionBudget)
	case "networking.k8s.io/v1 NetworkPolicy":
		return new(networkingv1.NetworkPolicy)
	}
	return nil
}

// manifests decodes every document of a file into its kind's type; a field that the
// type does not have is a fault, and so is a key that stands twice.
func manifests(_ context.Context, name string, raw []byte) []error {
	var problems []error
	documents := kubeyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return problems
		}
		if err == nil {
			err = manifest(document)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s, document %d: %w", name, number, err))
		}
	}
}

func manifest(document []byte) error {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return err
	}
	into := kinds(kind)
	if into == nil {
		return fmt.Errorf("no kind %s %s is known here", kind.APIVersion, kind.Kind)
	}
	return yaml.UnmarshalStrict(document, into)
}

// examplePeer is a peer as the patch finds it.
const examplePeer = `{
  "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "peer0-org1"},
  "spec": {"template": {"spec": {
    "containers": [{"name": "peer", "image": "hyperledger/fabric-peer:2.5", "env": [{"name": "CORE_PEER_ID", "value": "peer0"}],
      "volumeMounts": [{"name": "ledger", "mountPath": "/var/hyperledger/production"}]}],
    "volumes": [{"name": "ledger", "emptyDir": {}}]
  }}}
}`

// patch applies a patch to a peer, and looks whether the peer got all of it and kept
// what it had.
func patch(_ context.Context, name string, raw []byte) []error {
	fail := func(err error) []error { return []error{fmt.Errorf("%s: %w", name, err)} }
	var partial appsv1.StatefulSet
	if err := yaml.UnmarshalStrict(raw, &partial); err != nil {
		return fail(err)
	}
	text, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return fail(err)
	}
	patched, err := strategicpatch.StrategicMergePatch([]byte(examplePeer), text, appsv1.StatefulSet{})
	if err != nil {
		return fail(err)
	}
	var peer appsv1.StatefulSet
	if err := json.Unmarshal(patched, &peer); err != nil {
		return fail(err)
	}
	pod := peer.Spec.Template.Spec
	if len(pod.Containers) != 1 || len(pod.InitContainers) != 1 {
		return fail(fmt.Errorf("the peer's pod has %d containers and %d init containers after it, want 1 and 1", len(pod.Containers), len(pod.InitContainers)))
	}
	if got := len(pod.Containers[0].VolumeMounts); got != 4 || len(pod.Volumes) != 4 {
		return fail(fmt.Errorf("the peer has %d mounts and %d volumes after it, want 4 and 4", got, len(pod.Volumes)))
	}
	return nil
}
