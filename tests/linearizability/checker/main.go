// Command checker reads a history as JSON from standard input and says on standard output whether some order of its
// operations explains all answers: each operation takes effect at one moment between its call and its return.
//
// The object is a few registers, each of which holds a number or nothing. An operation whose outcome nobody saw
// returns at infinity: it may take effect at any time after its call, or never.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// History is what clients saw, object by object: they have nothing to do with each other.
type History struct {
	Objects        []Object `json:"objects"`
	TimeoutSeconds float64  `json:"timeoutSeconds"`
}

// Object is a group of registers, numbered from 0.
type Object struct {
	Name       string      `json:"name"`
	Registers  int         `json:"registers"`
	Operations []Operation `json:"operations"`
}

// Operation is one request. Times are in nanoseconds of one clock. Reads and writes are of one or several registers,
// and take effect as a whole.
type Operation struct {
	Client int      `json:"client"`
	Call   int64    `json:"call"`
	Return *int64   `json:"return"`
	Reads  []int    `json:"reads"`
	Writes []Write  `json:"writes"`
	Output *Outcome `json:"output"`
}

// Write is what becomes of one register, if all conditions of the operation hold.
type Write struct {
	Register int `json:"register"`
	// "put", "add", "delete" or "check".
	Kind   string `json:"kind"`
	Number int64  `json:"number"`
	// Undefined: none. Null in Expected: there must be nothing.
	HasCondition bool   `json:"hasCondition"`
	Expected     *int64 `json:"expected"`
}

// Outcome is what the client was told; of an operation that nobody saw the end of, there is none.
type Outcome struct {
	// Of reads: what the registers hold, in the order of Reads.
	Values []*int64 `json:"values"`
	// Of writes: whether all conditions held.
	Applied bool `json:"applied"`
	// Of writes that did not apply: which conditions failed, if that was told.
	Failed []bool `json:"failed"`
	// Of single writes: what the answer says about before or after, if it does.
	HasBefore bool   `json:"hasBefore"`
	Before    *int64 `json:"before"`
	HasAfter  bool   `json:"hasAfter"`
	After     *int64 `json:"after"`
}

// State is the registers' text: comparable, so that porcupine can remember it.
type State string

func encode(values []*int64) State {
	words := make([]string, len(values))
	for i, value := range values {
		if value == nil {
			words[i] = "-"
		} else {
			words[i] = strconv.FormatInt(*value, 10)
		}
	}
	return State(strings.Join(words, " "))
}

func decode(state State) []*int64 {
	words := strings.Split(string(state), " ")
	values := make([]*int64, len(words))
	for i, word := range words {
		if word == "-" {
			continue
		}
		number, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			panic(err)
		}
		values[i] = &number
	}
	return values
}

func same(one, other *int64) bool {
	if one == nil || other == nil {
		return one == other
	}
	return *one == *other
}

func step(state, input, output any) (bool, any) {
	values := decode(state.(State))
	operation := input.(Operation)
	outcome := output.(*Outcome)
	for i, register := range operation.Reads {
		if outcome != nil && !same(values[register], outcome.Values[i]) {
			return false, state
		}
	}
	if len(operation.Writes) == 0 {
		return true, state
	}
	applied := true
	for i, write := range operation.Writes {
		failed := write.HasCondition && !same(values[write.Register], write.Expected)
		applied = applied && !failed
		if outcome != nil && !outcome.Applied && outcome.Failed != nil && outcome.Failed[i] != failed {
			return false, state
		}
	}
	if outcome != nil && outcome.Applied != applied {
		return false, state
	}
	if !applied {
		return true, state
	}
	for _, write := range operation.Writes {
		before := values[write.Register]
		after := before
		switch write.Kind {
		case "put":
			number := write.Number
			after = &number
		case "add":
			number := write.Number
			if before != nil {
				number += *before
			}
			after = &number
		case "delete":
			after = nil
		case "check":
		default:
			panic("unknown kind " + write.Kind)
		}
		if outcome != nil && outcome.HasBefore && !same(before, outcome.Before) {
			return false, state
		}
		if outcome != nil && outcome.HasAfter && !same(after, outcome.After) {
			return false, state
		}
		values[write.Register] = after
	}
	return true, encode(values)
}

func modelOf(object Object) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return encode(make([]*int64, object.Registers)) },
		Step: step,
	}
}

func operationsOf(object Object) []porcupine.Operation {
	operations := make([]porcupine.Operation, 0, len(object.Operations))
	for i, operation := range object.Operations {
		end := int64(math.MaxInt64)
		client := operation.Client
		if operation.Return != nil {
			end = *operation.Return
		} else {
			if len(operation.Writes) == 0 {
				continue // Nobody knows what it read, and it changed nothing.
			}
			// It never ends, so its client goes on under another number.
			client = 1_000_000 + i
		}
		operations = append(operations, porcupine.Operation{
			ClientId: client,
			Input:    operation,
			Call:     operation.Call,
			Output:   operation.Output,
			Return:   end,
		})
	}
	return operations
}

// Verdict is the answer.
type Verdict struct {
	// "Ok", "Illegal", or "Unknown" if time ran out.
	Result     string   `json:"result"`
	Operations int      `json:"operations"`
	Illegal    []string `json:"illegal"`
	Unknown    []string `json:"unknown"`
}

func main() {
	var history History
	if err := json.NewDecoder(os.Stdin).Decode(&history); err != nil {
		fmt.Fprintln(os.Stderr, "the history cannot be read:", err)
		os.Exit(2)
	}
	timeout := time.Duration(history.TimeoutSeconds * float64(time.Second))
	verdict := Verdict{Result: "Ok", Illegal: []string{}, Unknown: []string{}}
	for _, object := range history.Objects {
		operations := operationsOf(object)
		verdict.Operations += len(operations)
		switch porcupine.CheckOperationsTimeout(modelOf(object), operations, timeout) {
		case porcupine.Illegal:
			verdict.Illegal = append(verdict.Illegal, object.Name)
		case porcupine.Unknown:
			verdict.Unknown = append(verdict.Unknown, object.Name)
		}
	}
	sort.Strings(verdict.Illegal)
	if len(verdict.Illegal) > 0 {
		verdict.Result = "Illegal"
	} else if len(verdict.Unknown) > 0 {
		verdict.Result = "Unknown"
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdict); err != nil {
		os.Exit(2)
	}
}
