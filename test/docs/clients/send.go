// Sends the photograph to the API: go run send.go URL KEY FILE. One line of JSON per form.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
)

func main() {
	image, err := os.ReadFile(os.Args[3])
	if err != nil {
		panic(err)
	}
	send("bytes", "image/jpeg", bytes.NewReader(image))
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, _ := writer.CreateFormFile("file", "photo.jpg")
	part.Write(image)
	writer.WriteField("attributes", `{"album":"a"}`)
	writer.Close()
	send("form, CreateFormFile", writer.FormDataContentType(), &form)
	// A body of unknown length is sent in chunks.
	send("bytes in chunks", "image/jpeg", io.MultiReader(bytes.NewReader(image)))
}

func send(form string, contentType string, body io.Reader) {
	request, _ := http.NewRequest("POST", os.Args[1], body)
	request.Header.Set("Authorization", "Bearer "+os.Args[2])
	request.Header.Set("Content-Type", contentType)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	line, _ := json.Marshal(map[string]any{"client": "Go", "form": form, "status": answer.StatusCode, "body": json.RawMessage(text)})
	fmt.Println(string(line))
}
