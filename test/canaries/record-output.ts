/** Records everything written to stdout and stderr, which is what Lambda logs, until `stop`. */
export function recordOutput(): { text: () => string; stop: () => void } {
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }))
  let text = ''
  for (const { stream } of streams) {
    stream.write = ((piece: string | Uint8Array) => {
      text += piece.toString()
      return true
    }) as typeof stream.write
  }
  const stop = () => {
    for (const { stream, write } of streams) stream.write = write
  }
  return { text: () => text, stop }
}
