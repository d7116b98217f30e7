// kubetest is Kubernetes for tests in one program: etcd, the API server, the controller manager, the scheduler, and kwok
// in place of machines that run pods. The first word of the command line chooses the part; `kubetest up --dir NEW` runs
// all of them until it is told to end.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	sched "k8s.io/kubernetes/cmd/kube-scheduler/app"

	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwokcmd "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	kwoksignals "sigs.k8s.io/kwok/pkg/utils/signals"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: kubetest up|etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kwok ...")
		os.Exit(2)
	}
	sub := os.Args[1]
	os.Args = append([]string{sub}, os.Args[2:]...)
	var c *cobra.Command
	switch sub {
	case "up":
		up()
		return
	case "etcd":
		runEtcd()
		return
	case "kwok":
		runKwok()
		return
	case "kube-apiserver":
		c = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		c = kcm.NewControllerManagerCommand()
	case "kube-scheduler":
		c = sched.NewSchedulerCommand()
	default:
		fmt.Fprintln(os.Stderr, "unknown:", sub)
		os.Exit(2)
	}
	os.Exit(cli.Run(c))
}

func runKwok() {
	fs := pflag.NewFlagSet("global", pflag.ContinueOnError)
	fs.ParseErrorsWhitelist.UnknownFlags = true
	fs.Usage = func() {}
	ctx := kwoksignals.SetupSignalContext()
	ctx, _ = kwoklog.InitFlags(ctx, fs)
	ctx, err := kwokconfig.InitFlags(ctx, fs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kwok config:", err)
		os.Exit(1)
	}
	c := kwokcmd.NewCommand(ctx)
	// Kubernetes' own parts have taken --version, with another type.
	c.Version = ""
	c.PersistentFlags().AddFlagSet(fs)
	if err := c.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "kwok:", err)
		os.Exit(1)
	}
}
