// SPDX-License-Identifier: Apache-2.0

// Package logging is untrusted: it makes the loggers of the programs outside
// enclaves, as their flags say.
package logging

import (
	"fmt"
	"io"
	"log/slog"
)

// Flags of the programs, and the variables that give their defaults.
const (
	FlagLevel  = "log-level"
	FlagFormat = "log-format"
	EnvLevel   = "FPC_LOG_LEVEL"
	EnvFormat  = "FPC_LOG_FORMAT"

	LevelUsage  = "least level to log: debug, info, warn, error (FPC_LOG_LEVEL)"
	FormatUsage = "form of the log: text or json (FPC_LOG_FORMAT)"
)

// New makes a logger of a least level (debug, info, warn, error; empty: info) in
// a form (text, json; empty: text). Its errors say which flag is wrong.
func New(w io.Writer, level, format string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil && level != "" {
		return nil, fmt.Errorf("--%s %.20q: it must be debug, info, warn or error", FlagLevel, level)
	}
	options := &slog.HandlerOptions{Level: least}
	switch format {
	case "", "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--%s %.20q: it must be text or json", FlagFormat, format)
}
