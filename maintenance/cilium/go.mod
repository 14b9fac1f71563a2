module lhmigrate/maintenance/cilium

go 1.25

require github.com/cilium/cilium v1.18.4

replace sigs.k8s.io/controller-tools => github.com/cilium/controller-tools v0.16.5-1

replace github.com/osrg/gobgp/v3 => github.com/cilium/gobgp/v3 v3.0.0-20250717193620-26a4abb75464
