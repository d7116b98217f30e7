#!/bin/sh
# Builds the servers that others wrote and that the tests run against, into .build/ of the checkout:
#   .build/mongo-java-server/  jars and Main.class   needs a JDK (17 or later) and Maven
#   .build/bin/versitygw                             needs Go
#   .build/bin/crane                                 needs Go; a registry, and a tool that makes images
#   .build/bin/kubetest                              needs Go; a Kubernetes without machines, see kube/main.go
#   .build/bin/kubectl                               needs Go; what manifests and figures are compared with
# What is there in the wanted version is left alone: a second run does nothing. With names as arguments
# (mongo-java-server, versitygw, crane, kubetest, kubectl) only those are built.
set -eu

VERSITYGW=v1.8.0
CRANE=v0.22.1
# As in kube/go.mod and kubectl/go.mod.
KUBERNETES=v1.33.13

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/.build

need() {
    command -v "$1" >/dev/null || { echo "build.sh: $1 is needed to build $2" >&2; exit 1; }
}

# The stamp holds what the result was made from, and is written last.
is_built() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

build_mongo_java_server() {
    target=$build/mongo-java-server
    wanted=$(cat "$here/mongo/pom.xml" "$here/mongo/Main.java" | cksum)
    if is_built "$target/stamp" "$wanted"; then return; fi
    need mvn mongo-java-server
    need javac mongo-java-server
    echo "building mongo-java-server" >&2
    rm -rf "$target"
    mkdir -p "$target/jars" "$target/classes"
    mvn --batch-mode --quiet --file "$here/mongo/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$target/jars" >&2
    javac -classpath "$target/jars/*" -d "$target/classes" "$here/mongo/Main.java" >&2
    echo "$wanted" >"$target/stamp"
}

build_versitygw() {
    stamp=$build/versitygw.stamp
    if is_built "$stamp" "$VERSITYGW" && [ -x "$build/bin/versitygw" ]; then return; fi
    need go versitygw
    echo "building versitygw $VERSITYGW (two to three minutes the first time)" >&2
    mkdir -p "$build/bin"
    GOBIN=$build/bin go install "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW" >&2
    echo "$VERSITYGW" >"$stamp"
}

build_crane() {
    stamp=$build/crane.stamp
    if is_built "$stamp" "$CRANE" && [ -x "$build/bin/crane" ]; then return; fi
    need go crane
    echo "building crane $CRANE (half a minute the first time)" >&2
    mkdir -p "$build/bin"
    GOBIN=$build/bin go install "github.com/google/go-containerregistry/cmd/crane@$CRANE" >&2
    echo "$CRANE" >"$stamp"
}

build_kubetest() {
    stamp=$build/kubetest.stamp
    wanted=$(cat "$here/kube/go.mod" "$here/kube/go.sum" "$here/kube/"*.go | cksum)
    if is_built "$stamp" "$wanted" && [ -x "$build/bin/kubetest" ]; then return; fi
    need go kubetest
    echo "building kubetest, Kubernetes $KUBERNETES (seven minutes the first time, half a minute later)" >&2
    mkdir -p "$build/bin"
    # What the API server says of its own version, and what kubectl compares with its own.
    version=k8s.io/component-base/version
    (cd "$here/kube" && CGO_ENABLED=0 nice -n 15 go build -trimpath -o "$build/bin/kubetest" -ldflags "-s -w \
        -X $version.gitVersion=$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=33 \
        -X $version.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=$KUBERNETES" .) >&2
    echo "$wanted" >"$stamp"
}

build_kubectl() {
    stamp=$build/kubectl.stamp
    wanted=$(cat "$here/kubectl/go.mod" "$here/kubectl/go.sum" | cksum)
    if is_built "$stamp" "$wanted" && [ -x "$build/bin/kubectl" ]; then return; fi
    need go kubectl
    echo "building kubectl $KUBERNETES (a minute after kubetest, five minutes alone)" >&2
    mkdir -p "$build/bin"
    version=k8s.io/component-base/version
    (cd "$here/kubectl" && CGO_ENABLED=0 nice -n 15 go build -trimpath -o "$build/bin/kubectl" -ldflags "-s -w \
        -X $version.gitVersion=$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=33 \
        -X $version.gitTreeState=clean" k8s.io/kubernetes/cmd/kubectl) >&2
    echo "$wanted" >"$stamp"
}

for name in ${*:-mongo-java-server versitygw crane kubetest kubectl}; do
    case $name in
        mongo-java-server) build_mongo_java_server ;;
        versitygw) build_versitygw ;;
        crane) build_crane ;;
        kubetest) build_kubetest ;;
        kubectl) build_kubectl ;;
        *) echo "build.sh: no such server: $name" >&2; exit 2 ;;
    esac
done
