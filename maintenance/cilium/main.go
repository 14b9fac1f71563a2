// What Cilium's own policy engine makes of policies: JSON on standard input, JSON on standard output.
//
// tests/cilium_engine.py asks it, and says what goes in and comes out.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"

	"github.com/cilium/cilium/pkg/crypto/certificatemanager"
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networking "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
	"github.com/cilium/cilium/pkg/u8proto"
)

type end struct {
	Labels []string          `json:"labels"`
	CIDR   string            `json:"cidr"`
	Pod    bool              `json:"pod"`
	TCP    map[string]uint16 `json:"tcp"`
	UDP    map[string]uint16 `json:"udp"`
}

type port struct {
	Protocol string `json:"protocol"`
	Number   uint16 `json:"number"`
}

type question struct {
	Ends  []end               `json:"ends"`
	Ports []port              `json:"ports"`
	Cases [][]json.RawMessage `json:"cases"`
}

type answer struct {
	// For each policy why it is refused; empty: it is not.
	Refused []string `json:"refused"`
	// For each end, for each direction (ingress, egress), a letter for each peer and port.
	Verdicts [][2]string `json:"verdicts"`
}

// owner is a pod as the engine asks about it.
type owner struct {
	id  uint64
	end end
}

func (o *owner) GetID() uint64                               { return o.id }
func (o *owner) PolicyDebug(string, ...any)                  {}
func (o *owner) IsHost() bool                                { return false }
func (o *owner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

func (o *owner) GetIngressNamedPort(name string, protocol u8proto.U8proto) uint16 {
	if protocol == u8proto.UDP {
		return o.end.UDP[name]
	}
	if protocol == u8proto.TCP {
		return o.end.TCP[name]
	}
	return 0
}

func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

var logger = slog.New(slog.NewTextHandler(io.Discard, nil))

// parse reads one policy as Cilium's agent does: what it refuses is an error.
func parse(raw json.RawMessage) (types.PolicyEntries, error) {
	var about struct{ Kind string }
	if err := json.Unmarshal(raw, &about); err != nil {
		return nil, err
	}
	switch about.Kind {
	case "NetworkPolicy":
		var found networking.NetworkPolicy
		if err := json.Unmarshal(raw, &found); err != nil {
			return nil, err
		}
		return k8s.ParseNetworkPolicy(logger, "", &found)
	case "CiliumClusterwideNetworkPolicy":
		var found v2.CiliumClusterwideNetworkPolicy
		if err := json.Unmarshal(raw, &found); err != nil {
			return nil, err
		}
		rules, err := found.Parse(logger, "")
		return utils.RulesToPolicyEntries(rules), err
	default:
		var found v2.CiliumNetworkPolicy
		if err := json.Unmarshal(raw, &found); err != nil {
			return nil, err
		}
		rules, err := found.Parse(logger, "")
		return utils.RulesToPolicyEntries(rules), err
	}
}

func identities(ends []end) []*identity.Identity {
	found := []*identity.Identity{}
	for number, one := range ends {
		known := labels.NewLabelsFromModel(one.Labels)
		if one.CIDR != "" {
			known = labels.GetCIDRLabels(netip.MustParsePrefix(one.CIDR))
		}
		found = append(found, identity.NewIdentity(identity.NumericIdentity(10000+number), known))
	}
	return found
}

// judge answers one case.
func judge(asked question, known []*identity.Identity, policies []json.RawMessage) answer {
	ids := identity.IdentityMap{}
	for _, one := range known {
		ids[one.ID] = one.LabelArray
	}
	translator := envoypolicy.NewEnvoyL7RulesTranslator(logger, certificatemanager.NewMockSecretManagerInline())
	manager := identitymanager.NewIDManager(logger)
	repository := policy.NewPolicyRepository(logger, ids, nil, translator, manager, testpolicy.NewPolicyMetricsNoop())
	repository.GetSelectorCache().SetLocalIdentityNotifier(testidentity.NewDummyIdentityNotifier())
	manager.Subscribe(testpolicy.SelectorCacheObserver{Cache: repository.GetSubjectSelectorCache()})
	for _, one := range known {
		manager.Add(one)
	}
	found := answer{Refused: make([]string, len(policies)), Verdicts: make([][2]string, len(known))}
	for number, raw := range policies {
		rules, err := parse(raw)
		if err != nil {
			found.Refused[number] = err.Error()
			continue
		}
		repository.MustAddPolicyEntries(rules)
	}
	for number, one := range asked.Ends {
		if one.Pod {
			found.Verdicts[number] = of(asked, known, repository, number)
		}
	}
	return found
}

// of says what the policies let in to one pod, and out of it: a (allowed), p (through a proxy), d (denied).
func of(asked question, known []*identity.Identity, repository *policy.Repository, number int) (letters [2]string) {
	own := &owner{id: uint64(number + 1), end: asked.Ends[number]}
	selected, _, err := repository.ComputeSelectorPolicy(known[number])
	if err != nil {
		panic(err)
	}
	// A proxy for whatever some rule may want one for.
	redirects := map[string]uint16{policy.FallbackRedirectID: 1000}
	distilled := selected.DistillPolicy(logger, own, redirects)
	distilled.Ready()
	distilled.Detach(logger)
	for direction, key := range []policy.Key{policy.IngressKey(), policy.EgressKey()} {
		var found strings.Builder
		for _, peer := range known {
			for _, one := range asked.Ports {
				protocol, err := u8proto.ParseProtocol(one.Protocol)
				if err != nil {
					panic(err)
				}
				entry, _, _ := distilled.Lookup(key.WithIdentity(peer.ID).WithPortProto(protocol, one.Number))
				switch {
				case entry.IsDeny():
					found.WriteByte('d')
				case entry.ProxyPort != 0:
					found.WriteByte('p')
				default:
					found.WriteByte('a')
				}
			}
		}
		letters[direction] = found.String()
	}
	return letters
}

func main() {
	option.Config.EnableNonDefaultDenyPolicies = true
	option.Config.EnableL7Proxy = true
	option.Config.EnableICMPRules = true
	option.Config.EnableIPv4 = true
	api.InitEntities("default")
	policy.SetPolicyEnabled(option.DefaultEnforcement)
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	known := identities(asked.Ends)
	answers := []answer{}
	for _, policies := range asked.Cases {
		answers = append(answers, judge(asked, known, policies))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}
