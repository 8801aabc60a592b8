import { stdin } from 'node:process'
import { emitKeypressEvents } from 'node:readline'

/** What each key does, for the help. */
export interface Key {
  what: string
  press(): void | Promise<void>
}

/** Listens to keys while the terminal is one. Ctrl-C ends it as `q` does. @returns ends it */
export function listenToKeys(keys: Record<string, Key>, write: (line: string) => void): () => void {
  if (!stdin.isTTY) return () => {}
  const onKey = async (text: string | undefined, { name, ctrl }: { name?: string; ctrl?: boolean }) => {
    const pressed = ctrl && name === 'c' ? 'q' : text
    if (pressed === '?') return write(helpOf(keys))
    try {
      await (pressed && Object.hasOwn(keys, pressed) ? keys[pressed]?.press() : undefined)
    } catch (error) {
      write((error as Error).message)
    }
  }
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  stdin.on('keypress', onKey)
  stdin.resume()
  return () => {
    stdin.off('keypress', onKey)
    stdin.setRawMode(false)
    stdin.pause()
  }
}

function helpOf(keys: Record<string, Key>): string {
  return [...Object.entries(keys), ['?', { what: 'this help' }] as const]
    .map(([key, { what }]) => `  ${key}  ${what}`)
    .join('\n')
}
