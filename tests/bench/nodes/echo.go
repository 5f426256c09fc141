// Echo in Go with nothing but its standard library: a buffered reader and writer, which
// is flushed when no more input is at hand. The payload is kept as it came.
package main

import (
	"bufio"
	"encoding/json"
	"os"
)

type body struct {
	Type      string          `json:"type"`
	MsgID     int             `json:"msg_id,omitempty"`
	InReplyTo int             `json:"in_reply_to,omitempty"`
	NodeID    string          `json:"node_id,omitempty"`
	Echo      json.RawMessage `json:"echo,omitempty"`
}

type message struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body body   `json:"body"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	id := ""
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			out.Flush()
			return
		}
		var m message
		if json.Unmarshal(line, &m) != nil {
			continue
		}
		if m.Body.Type == "init" {
			id = m.Body.NodeID
		}
		reply := body{Type: m.Body.Type + "_ok", InReplyTo: m.Body.MsgID, Echo: m.Body.Echo}
		text, _ := json.Marshal(message{id, m.Src, reply})
		out.Write(text)
		out.WriteByte('\n')
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}
