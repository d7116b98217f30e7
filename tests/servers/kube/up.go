package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/kwok/kustomize/crd"
)

func must[T any](v T, err error) T {
	check(err)
	return v
}
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func freePort() int {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// runEtcd stores in memory as far as it can: etcd DIR CLIENT-URL PEER-URL
func runEtcd() {
	cfg := embed.NewConfig()
	cfg.Dir = os.Args[1]
	cu, pu := must(url.Parse(os.Args[2])), must(url.Parse(os.Args[3]))
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{*cu}, []url.URL{*cu}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{*pu}, []url.URL{*pu}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.UnsafeNoFsync = true
	cfg.LogLevel = "warn"
	e := must(embed.StartEtcd(cfg))
	<-e.Server.ReadyNotify()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	select {
	case <-ctx.Done():
		e.Close()
	case err := <-e.Err():
		log.Fatal(err)
	}
}

func writePEM(path, typ string, der []byte) {
	check(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600))
}

// makeCerts writes an authority, the certificate of the servers, and the key that signs service account tokens.
func makeCerts(dir string) {
	mk := func(name string, ca bool, parent *x509.Certificate, pkey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		t := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		}
		if ca {
			t.IsCA, t.KeyUsage = true, t.KeyUsage|x509.KeyUsageCertSign
			parent, pkey = t, key
		} else {
			t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			t.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
			t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}
		}
		der := must(x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, pkey))
		writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der)
		writePEM(filepath.Join(dir, name+".key"), "EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))
		return must(x509.ParseCertificate(der)), key
	}
	ca, cakey := mk("ca", true, nil, nil)
	mk("server", false, ca, cakey)
	sa := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	writePEM(filepath.Join(dir, "sa.key"), "EC PRIVATE KEY", must(x509.MarshalECPrivateKey(sa)))
	writePEM(filepath.Join(dir, "sa.pub"), "PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&sa.PublicKey)))
}

// up writes DIR/kubeconfig, and DIR/ready when everything answers. Parts that end by themselves end all of it.
func up() {
	dir := flag.String("dir", "", "state directory (must be new or empty)")
	withSched := flag.Bool("scheduler", true, "also run kube-scheduler")
	kwokCfg := flag.String("kwok-config", "", "run kwok with this config file")
	kwokCRDs := flag.String("kwok-crds", "", "kwok --enable-crds")
	flag.Parse()
	// The parts are killed when the thread that started them ends, so it must not.
	runtime.LockOSThread()
	t0 := time.Now()
	*dir = must(filepath.Abs(*dir))
	check(os.MkdirAll(*dir, 0o700))
	p := func(s string) string { return filepath.Join(*dir, s) }
	makeCerts(*dir)
	// Columns: token, user, uid, groups.
	check(os.WriteFile(p("tokens.csv"), []byte("admin-token,admin,1,system:masters\nkcm-token,kcm,2,system:masters\nuser-token,restricted-user,3\n"), 0o600))
	etcdC, etcdP, port := freePort(), freePort(), freePort()
	server := fmt.Sprintf("https://127.0.0.1:%d", port)

	cfg := clientcmdapi.NewConfig()
	cfg.Clusters["t"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: must(os.ReadFile(p("ca.crt")))}
	for _, u := range []string{"admin", "user"} {
		cfg.AuthInfos[u] = &clientcmdapi.AuthInfo{Token: u + "-token"}
		cfg.Contexts[u] = &clientcmdapi.Context{Cluster: "t", AuthInfo: u}
	}
	cfg.CurrentContext = "admin"
	check(clientcmd.WriteToFile(*cfg, p("kubeconfig")))

	self := must(os.Executable())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var kids []*exec.Cmd
	died := make(chan string, 8)
	start := func(args ...string) {
		c := exec.Command(self, args...)
		f := must(os.Create(p(args[0] + ".log")))
		c.Stdout, c.Stderr = f, f
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
		check(c.Start())
		kids = append(kids, c)
		go func() { err := c.Wait(); died <- fmt.Sprintf("%s ended: %v", args[0], err) }()
		fmt.Printf("%6.2fs started %s pid %d\n", time.Since(t0).Seconds(), args[0], c.Process.Pid)
	}
	etcdURL := fmt.Sprintf("http://127.0.0.1:%d", etcdC)
	start("etcd", p("etcd"), etcdURL, fmt.Sprintf("http://127.0.0.1:%d", etcdP))
	start("kube-apiserver",
		"--etcd-servers="+etcdURL, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--advertise-address=127.0.0.1", "--tls-cert-file="+p("server.crt"), "--tls-private-key-file="+p("server.key"),
		"--token-auth-file="+p("tokens.csv"), "--client-ca-file="+p("ca.crt"), "--authorization-mode=RBAC", "--anonymous-auth=true",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+p("sa.pub"),
		"--service-account-signing-key-file="+p("sa.key"), "--service-cluster-ip-range=10.0.0.0/24",
		"--allow-privileged=true", "--endpoint-reconciler-type=none", "--enable-priority-and-fairness=false",
		"--disable-admission-plugins=TaintNodesByCondition", "--watch-cache=true", "--event-ttl=1h", "--storage-media-type=application/vnd.kubernetes.protobuf")

	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(must(os.ReadFile(p("ca.crt"))))
	hc := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	get := func(path string) string {
		r, _ := http.NewRequest("GET", server+path, nil)
		r.Header.Set("Authorization", "Bearer admin-token")
		resp, err := hc.Do(r)
		if err != nil {
			return ""
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 {
			return ""
		}
		return string(b)
	}
	wait := func(what, path, contains string) {
		for get(path) == "" || !strings.Contains(get(path), contains) {
			select {
			case d := <-died:
				log.Fatal(d)
			case <-ctx.Done():
				log.Fatal("interrupted")
			case <-time.After(50 * time.Millisecond):
			}
			if time.Since(t0) > 2*time.Minute {
				log.Fatal("timeout: ", what)
			}
		}
		fmt.Printf("%6.2fs %s\n", time.Since(t0).Seconds(), what)
	}
	wait("apiserver readyz", "/readyz", "ok")
	start("kube-controller-manager", "--kubeconfig="+p("kubeconfig"), "--leader-elect=false", "--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", freePort()), "--cert-dir="+p("kcm-certs"),
		"--controllers=job-controller,garbage-collector-controller,namespace-controller,pod-garbage-collector-controller,serviceaccount-controller,root-ca-certificate-publisher-controller,ttl-after-finished-controller",
		"--root-ca-file="+p("ca.crt"), "--use-service-account-credentials=false")
	if *withSched {
		start("kube-scheduler", "--kubeconfig="+p("kubeconfig"), "--leader-elect=false", "--bind-address=127.0.0.1",
			fmt.Sprintf("--secure-port=%d", freePort()), "--cert-dir="+p("sched-certs"))
	}
	if *kwokCfg != "" {
		post := func(path string, body []byte) {
			r, _ := http.NewRequest("POST", server+path, bytes.NewReader(body))
			r.Header.Set("Authorization", "Bearer admin-token")
			r.Header.Set("Content-Type", "application/yaml")
			resp := must(hc.Do(r))
			defer resp.Body.Close()
			if resp.StatusCode != 201 {
				b, _ := io.ReadAll(resp.Body)
				log.Fatalf("POST %s: %s", path, b)
			}
		}
		crds := map[string][]byte{"Logs": crd.Logs, "ClusterLogs": crd.ClusterLogs, "Exec": crd.Exec, "ClusterExec": crd.ClusterExec, "PortForward": crd.PortForward, "ClusterPortForward": crd.ClusterPortForward, "Attach": crd.Attach, "ClusterAttach": crd.ClusterAttach, "Stage": crd.Stage}
		for _, k := range strings.Split(*kwokCRDs, ",") {
			if k != "" {
				post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crds[k])
			}
		}
		plurals := map[string]string{"Logs": "logs", "ClusterLogs": "clusterlogs", "Attach": "attaches", "ClusterAttach": "clusterattaches"}
		for _, k := range strings.Split(*kwokCRDs, ",") {
			if k == "" {
				continue
			}
			plural, irregular := plurals[k]
			if !irregular {
				plural = strings.ToLower(k) + "s"
			}
			wait("crd "+k, "/apis/kwok.x-k8s.io/v1alpha1/"+plural, "items")
		}
		post("/api/v1/nodes", []byte("apiVersion: v1\nkind: Node\nmetadata:\n  name: kwok-0\n  labels: {type: kwok}\n"))
		kp := freePort()
		start("kwok", "--kubeconfig="+p("kubeconfig"), "--config="+*kwokCfg, "--manage-all-nodes=true", "--node-ip=127.0.0.1",
			fmt.Sprintf("--node-port=%d", kp), fmt.Sprintf("--server-address=127.0.0.1:%d", kp),
			"--tls-cert-file="+p("server.crt"), "--tls-private-key-file="+p("server.key"), "--enable-crds="+*kwokCRDs)
	}
	wait("default service account", "/api/v1/namespaces/default/serviceaccounts/default", "default")
	if *kwokCfg != "" {
		wait("node kwok-0 Ready", "/api/v1/nodes/kwok-0", "kubeletEndpoint")
	}
	check(os.WriteFile(p("ready"), []byte(server+"\n"), 0o600))
	fmt.Printf("%6.2fs READY KUBECONFIG=%s\n", time.Since(t0).Seconds(), p("kubeconfig"))
	select {
	case d := <-died:
		fmt.Println(d)
	case <-ctx.Done():
	}
	for i := len(kids) - 1; i >= 0; i-- {
		kids[i].Process.Signal(syscall.SIGTERM)
	}
	time.Sleep(200 * time.Millisecond)
	for _, k := range kids {
		k.Process.Kill()
	}
}
