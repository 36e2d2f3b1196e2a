#!/bin/bash
# Starts the programs of a real node; called by real_node.py.
#   real_node.sh groups GROUP... -- COMMAND...    runs a command in control groups
#   real_node.sh node FOLDER KUBELET KUBE-PROXY FELIX NAME ADDRESS    the first process of the node's namespaces
set -euo pipefail

if [ "$1" = groups ]; then
  shift
  while [ "$1" != -- ]; do
    echo $$ > "$1/cgroup.procs"
    shift
  done
  shift
  # The parent waits for this very process; what is below ends with it.
  exec "$@"
fi

folder=$2 kubelet=$3 proxy=$4 felix=$5 name=$6 address=$7

# Places that the programs insist on, empty ones of this node's own.
for place in /var/log /run/netns /var/lib/calico /var/lib/cni /var/lib/kubelet /run/calico /run/containerd; do
  mkdir -p "$place"
  mount -t tmpfs node "$place"
done

# Below the node's own control groups, as if they were the machine's.
mount -t tmpfs node /sys/fs/cgroup
for kind in cpu cpuacct cpuset memory devices freezer blkio pids; do
  mkdir "/sys/fs/cgroup/$kind"
  mount -t cgroup -o "$kind" cgroup "/sys/fs/cgroup/$kind"
done
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd

# The kubelet sets these for the whole machine unless they are as it wants them: it finds files that say so.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1; do
  file=$folder/$(basename "${setting%=*}")
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done
hostname "$name"
# Calico's plug-in takes it as a sign that Felix is there.
echo "$name" > /var/lib/calico/nodename

mkdir -p "$folder/kubelet"
mount --bind "$folder/kubelet" "$folder/kubelet"
mount --make-rshared "$folder/kubelet"

containerd --config "$folder/containerd.toml" > "$folder/log/containerd.log" 2>&1 &
while [ ! -e "$folder/images" ]; do sleep 0.1; done
"$proxy" --config "$folder/proxy.yaml" > "$folder/log/kube-proxy.log" 2>&1 &
# Felix ends where its settings change, as they do once the node is known, and whoever started it starts it again.
# shellcheck source=/dev/null  # written for this node
( set -a; . "$folder/felix.env"; while :; do "$felix" || sleep 0.2; done ) > "$folder/log/felix.log" 2>&1 &
"$kubelet" --config="$folder/kubelet.yaml" --kubeconfig="$folder/kubelet.kubeconfig" --root-dir="$folder/kubelet" \
  --hostname-override="$name" --node-ip="$address" --cert-dir="$folder/kubelet/pki" > "$folder/log/kubelet.log" 2>&1 &

# As the first process of the namespace it reaps what is left behind, until it is ended.
trap 'exit 0' TERM
while :; do wait -n || sleep 0.2; done
