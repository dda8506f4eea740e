// Command judge reads requests from standard input and says by restic's own code which snapshots its policy keeps.
//
// Each line is a JSON object with "snapshots" (RFC 3339) and "policy"; the answer has the indexes of what is kept.
// ask.sh puts restic's snapshot_policy.go and duration.go beside it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

type identity struct{}

func (identity) Str() string { return "" }

type TagList []string

type Snapshot struct {
	Time  time.Time
	index int
	id    identity
}

func (*Snapshot) HasTags(TagList) bool { return false }

type Snapshots []*Snapshot

func (s Snapshots) Len() int           { return len(s) }
func (s Snapshots) Less(i, j int) bool { return s[i].Time.After(s[j].Time) }
func (s Snapshots) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

func policyOf(text string) ExpirePolicy {
	var policy ExpirePolicy
	counts := map[string]*int{
		"last": &policy.Last, "hourly": &policy.Hourly, "daily": &policy.Daily,
		"weekly": &policy.Weekly, "monthly": &policy.Monthly, "yearly": &policy.Yearly,
	}
	for _, pair := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if name == "within" {
			policy.Within, _ = ParseDuration(value)
		} else {
			*counts[name], _ = strconv.Atoi(value)
		}
	}
	return policy
}

func main() {
	requests := json.NewDecoder(os.Stdin)
	for requests.More() {
		var request struct {
			Snapshots []time.Time
			Policy    string
		}
		if err := requests.Decode(&request); err != nil {
			panic(err)
		}
		var list Snapshots
		for index, time := range request.Snapshots {
			list = append(list, &Snapshot{Time: time, index: index})
		}
		keep, _, _ := ApplyPolicy(list, policyOf(request.Policy))
		indexes := []int{}
		for _, one := range keep {
			indexes = append(indexes, one.index)
		}
		answer, _ := json.Marshal(indexes)
		fmt.Println(string(answer))
	}
}
